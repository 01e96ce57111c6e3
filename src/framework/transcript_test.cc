// Transcripts as values: ids, equality, walking, texts.
#include "espalier/transcript.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "espalier/generable.h"

namespace espalier {
namespace {

TEST(Transcript, IdsAreFreshAndCountForEquality) {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) ids.insert(entry_id(Transcript::prompt("a")));
  EXPECT_EQ(ids.size(), 100U);
  EXPECT_THAT(*ids.begin(),
              ::testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                                      "[0-9a-f]{12}"));
  const Transcript one({Transcript::prompt("a")});
  EXPECT_EQ(one, Transcript(one));
  EXPECT_NE(one, Transcript({Transcript::prompt("a")}));
}

// The same entry, with one thing changed in it.
template <class Entry, class Change>
Transcript changed(Entry entry, Change change) {
  change(entry);
  return Transcript({std::move(entry)});
}

TEST(Transcript, EntriesThatDifferInAnythingAreUnequal) {
  const std::vector<Transcript::Segment> text = {Transcript::TextSegment{"s", "a"}};
  const Transcript::Instructions instructions = {
      "i", text, {{"tool", "It does.", GenerationSchema::of<int>()}}};
  const Transcript::Prompt prompt = {"i", text, {}, GenerationSchema::of<int>()};
  const Transcript::ToolCalls calls = {"i", {{"c", "tool", GeneratedContent::number(1)}}, {7}};
  const Transcript::ToolOutput output = {"i", "tool", "c", text};
  const Transcript::Response response = {"i", text, {7}};
  const auto differs = [](const auto& entry, auto change) {
    EXPECT_EQ(Transcript({entry}), changed(entry, [](auto&) {}));
    EXPECT_NE(Transcript({entry}), changed(entry, change));
  };
  const auto for_all = [&](auto change) {
    differs(instructions, change);
    differs(prompt, change);
    differs(output, change);
    differs(response, change);
  };
  for_all([](auto& entry) { entry.id = "j"; });
  for_all([](auto& entry) { entry.segments.clear(); });
  for_all([](auto& entry) { entry.segments = {Transcript::TextSegment{"t", "a"}}; });
  for_all([](auto& entry) { entry.segments = {Transcript::TextSegment{"s", "b"}}; });
  for_all([](auto& entry) { entry.segments = {Transcript::ImageSegment{"s", "a"}}; });
  for_all([](auto& entry) {
    entry.segments = {Transcript::StructureSegment{"s", "a", GeneratedContent()}};
  });
  differs(instructions, [](auto& entry) { entry.tool_definitions.clear(); });
  differs(instructions, [](auto& entry) { entry.tool_definitions[0].name = "other"; });
  differs(instructions, [](auto& entry) { entry.tool_definitions[0].description = "other"; });
  differs(instructions,
          [](auto& entry) { entry.tool_definitions[0].parameters = GenerationSchema::of<bool>(); });
  differs(prompt, [](auto& entry) { entry.options.temperature = 1; });
  differs(prompt, [](auto& entry) { entry.response_format.reset(); });
  differs(prompt, [](auto& entry) { entry.response_format = GenerationSchema::of<bool>(); });
  differs(calls, [](auto& entry) { entry.id = "j"; });
  differs(calls, [](auto& entry) { entry.calls.clear(); });
  differs(calls, [](auto& entry) { entry.calls[0].id = "other"; });
  differs(calls, [](auto& entry) { entry.calls[0].tool_name = "other"; });
  differs(calls, [](auto& entry) { entry.calls[0].arguments = GeneratedContent::number(2); });
  differs(calls, [](auto& entry) { entry.token_ids.clear(); });
  differs(output, [](auto& entry) { entry.tool_name = "other"; });
  differs(output, [](auto& entry) { entry.call_id = "other"; });
  differs(response, [](auto& entry) { entry.token_ids.clear(); });
  EXPECT_NE(Transcript({output}), Transcript({response}));
  EXPECT_NE(Transcript({output, response}), Transcript({response, output}));
  EXPECT_NE(Transcript({output, response}), Transcript({output}));
}

TEST(Transcript, IsWalkedInTheOrderOfWhatWasSaid) {
  Transcript transcript;
  EXPECT_TRUE(transcript.empty());
  for (const char* text : {"a", "b", "c"}) transcript.append(Transcript::prompt(text));
  std::string walked;
  for (const Transcript::Entry& entry : transcript) walked += entry_text(entry);
  EXPECT_EQ(walked, "abc");
  EXPECT_EQ(entry_text(transcript[1]), "b");
  EXPECT_EQ(transcript.size(), 3U);
  EXPECT_FALSE(transcript.empty());
}

TEST(Transcript, TheTextOfAnEntryIsThatOfItsSegments) {
  const Transcript::Response response = {
      "r",
      {Transcript::TextSegment{"1", "As JSON:"},
       Transcript::StructureSegment{"2", "List", GeneratedContent::from_json("[1, 2]")},
       Transcript::ImageSegment{"3", "cat.png"}, Transcript::TextSegment{"4", "."}}};
  EXPECT_EQ(entry_text(response), "As JSON:\n[1,2]\n.");
  const Transcript::Entry made = Transcript::response(GeneratedContent::from_json("{}"), "Trip");
  const auto& segment = std::get<Transcript::Response>(made).segments.at(0);
  EXPECT_EQ(std::get<Transcript::StructureSegment>(segment).source, "Trip");
}

TEST(Transcript, AnOutputNamesTheCallThatItAnswers) {
  const Transcript::Entry entry = Transcript::tool_calls(
      {{.tool_name = "weather", .arguments = GeneratedContent::from_json(R"({"city":"Oslo"})")},
       {.id = "mine", .tool_name = "time"}});
  EXPECT_EQ(entry_text(entry),
            "{\"name\":\"weather\",\"arguments\":{\"city\":\"Oslo\"}}\n"
            "{\"name\":\"time\",\"arguments\":null}");
  const auto& calls = std::get<Transcript::ToolCalls>(entry).calls;
  EXPECT_FALSE(calls.at(0).id.empty());
  EXPECT_NE(calls.at(0).id, entry_id(entry));
  EXPECT_EQ(calls.at(1).id, "mine");
  const Transcript::Entry text = Transcript::tool_output(calls.at(0), "rain");
  const Transcript::Entry content =
      Transcript::tool_output(calls.at(1), GeneratedContent::from_json("[7]"));
  EXPECT_EQ(std::get<Transcript::ToolOutput>(text).call_id, calls.at(0).id);
  EXPECT_EQ(std::get<Transcript::ToolOutput>(text).tool_name, "weather");
  EXPECT_EQ(std::get<Transcript::ToolOutput>(content).call_id, "mine");
  EXPECT_EQ(std::get<Transcript::ToolOutput>(content).tool_name, "time");
  EXPECT_EQ(entry_text(text), "rain");
  EXPECT_EQ(entry_text(content), "[7]");
}

TEST(Transcript, InstructionsSayWhichToolsThereAre) {
  const Transcript::ToolDefinition tool{"weather", "The weather.", GenerationSchema::of<int>()};
  const Transcript::Entry entry = Transcript::instructions("", {tool});
  EXPECT_TRUE(std::get<Transcript::Instructions>(entry).segments.empty());
  EXPECT_EQ(std::get<Transcript::Instructions>(entry).tool_definitions.at(0), tool);
}

}  // namespace
}  // namespace espalier
