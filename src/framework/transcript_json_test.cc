// Transcripts as JSON, both ways.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "espalier/error.h"
#include "espalier/generable.h"
#include "espalier/transcript.h"
#include "framework/content_cuts.h"
#include "framework/content_testing.h"

namespace espalier {
namespace {

using framework::testing::content_from;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

using Dynamic = DynamicGenerationSchema;

const GenerationSchema& trip_schema() {
  static const GenerationSchema schema(Dynamic::object(
      "Trip",
      {{.name = "city", .schema = Dynamic::string()},
       {.name = "days", .schema = Dynamic::of<int>({guides::range(1, 14)}), .is_optional = true}}));
  return schema;
}

TEST(TranscriptJson, IsWrittenInTheDialect) {
  Transcript transcript;
  transcript.append(Transcript::Instructions{"i",
                                             {Transcript::TextSegment{"i1", "Be \"brief\"."}},
                                             {{"search", "Finds.", trip_schema()}}});
  transcript.append(Transcript::Prompt{"p",
                                       {Transcript::TextSegment{"p1", "Plan"}},
                                       {.sampling = SamplingMode::random_top_k(40, 7),
                                        .temperature = 0.3,
                                        .maximum_response_tokens = 100,
                                        .include_schema_in_prompt = false},
                                       trip_schema()});
  transcript.append(Transcript::ToolCalls{
      "c", {{"c1", "search", GeneratedContent::from_json(R"({"city":"Oslo"})")}}});
  transcript.append(
      Transcript::ToolOutput{"o", "search", "c1", {Transcript::TextSegment{"o1", "found"}}});
  transcript.append(Transcript::Response{
      "r",
      {Transcript::StructureSegment{"r1", "Trip",
                                    GeneratedContent::from_partial_json(R"({"city":"Os)")}}});
  const std::string schema = trip_schema().to_json();
  const std::string expected =
      R"({"version":1,"transcript":{"entries":[)"
      R"({"id":"i","role":"instructions","contents":[{"type":"text","id":"i1","text":"Be \"brief\"."}],)"
      R"("tools":[{"type":"function","function":{"name":"search","description":"Finds.","parameters":)" +
      schema +
      R"(}}]},)"
      R"({"id":"p","role":"user","contents":[{"type":"text","id":"p1","text":"Plan"}],)"
      R"("options":{"sampling":{"mode":"random","top_k":40,"seed":7},"temperature":0.3,)"
      R"("maximum_response_tokens":100,"include_schema_in_prompt":false},)"
      R"("responseFormat":{"type":"jsonSchema","jsonSchema":{"name":"Trip","schema":)" +
      schema +
      R"(}}},)"
      R"({"id":"c","role":"response","toolCalls":[{"id":"c1","name":"search","arguments":"{\"city\":\"Oslo\"}"}]},)"
      R"({"id":"o","role":"tool","toolName":"search","toolCallID":"c1","contents":[{"type":"text","id":"o1","text":"found"}]},)"
      R"({"id":"r","role":"response","contents":[{"type":"structure","id":"r1","structure":)"
      R"({"source":"Trip","content":{"city":"Os"},"incomplete":["/city"]}}],"assets":[]}]}})";
  EXPECT_EQ(transcript.to_json(), expected);
  EXPECT_EQ(Transcript::from_json(expected), transcript);
}

TEST(TranscriptJson, OptionsAreWrittenUnderTheirNames) {
  const auto written = [](const GenerationOptions& options) {
    const auto json =
        GeneratedContent::from_json(Transcript({Transcript::Prompt{"p", {}, options}}).to_json());
    return json.find("transcript")->find("entries")->elements()[0].find("options")->to_json();
  };
  EXPECT_EQ(written({}), "{}");
  EXPECT_EQ(written({.sampling = SamplingMode::greedy()}), R"({"sampling":{"mode":"greedy"}})");
  EXPECT_EQ(written({.sampling = SamplingMode::random_top_k(40)}),
            R"({"sampling":{"mode":"random","top_k":40}})");
  EXPECT_EQ(written({.sampling = SamplingMode::random_probability_threshold(0.5, 7)}),
            R"({"sampling":{"mode":"random","top_p":0.5,"seed":7}})");
  EXPECT_EQ(written({.tool_calling_mode = ToolCallingMode::required}),
            R"({"tool_calling_mode":"required"})");
  EXPECT_EQ(written({.tool_calling_mode = ToolCallingMode::disallowed}),
            R"({"tool_calling_mode":"disallowed"})");
}

// Each kind of entry, each kind of segment.
Transcript every_part() {
  const std::vector<Transcript::Segment> segments = {
      Transcript::TextSegment{"1", "a"},
      Transcript::StructureSegment{"2", "Trip", GeneratedContent::from_partial_json(R"({"a":{)")},
      Transcript::ImageSegment{"3", "cat.png", "a cat"}};
  const GenerationOptions options = {.sampling = SamplingMode::random_top_k(40, 7),
                                     .temperature = 0.3};
  return Transcript({Transcript::Instructions{"i", segments, {{"go", "Goes.", trip_schema()}}},
                     Transcript::Prompt{"p", segments, options, trip_schema()},
                     Transcript::Prompt{"q", segments, {.sampling = SamplingMode::greedy()}},
                     Transcript::ToolCalls{"c", {{"c1", "go", GeneratedContent()}}, {7}},
                     Transcript::ToolOutput{"o", "go", "c1", segments},
                     Transcript::Response{"r", segments, {7}}});
}

// Any transcript, from a list of choices.
class AnyTranscript {
 public:
  explicit AnyTranscript(const std::vector<std::uint32_t>& choices) : choices_(choices) {}

  Transcript make() {
    Transcript transcript;
    while (next_ < choices_.size()) transcript.append(entry());
    return transcript;
  }

 private:
  std::uint32_t below(std::uint32_t limit) {
    return next_ < choices_.size() ? choices_[next_++] % limit : 0;
  }
  std::string text() {
    const char* texts[] = {"", "plain", "\"\\\n\t\x01", "é日本🌳", "{\"a\":[", "/a~b"};
    return texts[below(6)];
  }
  // Complete, or cut at any of its bytes, or in the middle.
  GeneratedContent content() {
    const GeneratedContent whole = content_from(choices_, next_, 1);
    const std::string json = whole.to_json();
    switch (below(4)) {
      case 0:
        return GeneratedContent::from_partial_json(
            json.substr(0, below(static_cast<std::uint32_t>(json.size()))));
      case 1:
        return GeneratedContent::array(
            {GeneratedContent::structure({{text(), GeneratedContent::from_partial_json("[\"b")}}),
             whole});
      default:
        return whole;
    }
  }
  std::vector<std::int32_t> tokens() {
    std::vector<std::int32_t> ids;
    for (std::uint32_t i = below(4); i > 0; --i) {
      ids.push_back(static_cast<std::int32_t>(below(50'000)));
    }
    return ids;
  }
  GenerationSchema schema() {
    switch (below(3)) {
      case 0:
        return GenerationSchema::of<std::string>(guides::pattern("^a\\d+$"));
      case 1:
        return GenerationSchema::of<std::vector<double>>(guides::count(2));
      default:
        return trip_schema();
    }
  }
  std::vector<Transcript::Segment> segments() {
    std::vector<Transcript::Segment> segments;
    for (std::uint32_t i = below(3); i > 0; --i) {
      switch (below(3)) {
        case 0:
          segments.emplace_back(Transcript::TextSegment{text(), text()});
          break;
        case 1:
          segments.emplace_back(Transcript::StructureSegment{text(), text(), content()});
          break;
        default:
          segments.emplace_back(Transcript::ImageSegment{text(), text(), text()});
      }
    }
    return segments;
  }
  GenerationOptions options() {
    GenerationOptions options;
    const std::optional<std::uint64_t> seed =
        below(2) == 0 ? std::nullopt
                      : std::optional(std::numeric_limits<std::uint64_t>::max() - below(9));
    switch (below(4)) {
      case 0:
        break;
      case 1:
        options.sampling = SamplingMode::greedy();
        break;
      case 2:
        options.sampling = SamplingMode::random_top_k(1 + below(100), seed);
        break;
      default:
        options.sampling = SamplingMode::random_probability_threshold(1.0 / (1 + below(7)), seed);
    }
    if (below(2) == 0) options.temperature = below(100) / 7.0;
    if (below(2) == 0) options.maximum_response_tokens = 1 + below(1000);
    options.include_schema_in_prompt = below(2) == 0;
    options.tool_calling_mode = static_cast<ToolCallingMode>(below(3));
    return options;
  }
  Transcript::Entry entry() {
    switch (below(5)) {
      case 0: {
        Transcript::Instructions instructions{text(), segments(), {}};
        for (std::uint32_t i = below(3); i > 0; --i) {
          instructions.tool_definitions.push_back({text(), text(), schema()});
        }
        return instructions;
      }
      case 1: {
        Transcript::Prompt prompt{text(), segments(), options()};
        if (below(2) == 0) prompt.response_format = schema();
        return prompt;
      }
      case 2: {
        Transcript::ToolCalls calls{text(), {}};
        for (std::uint32_t i = below(3); i > 0; --i) {
          calls.calls.push_back({text(), text(), content()});
        }
        calls.token_ids = tokens();
        return calls;
      }
      case 3:
        return Transcript::ToolOutput{text(), text(), text(), segments()};
      default:
        return Transcript::Response{text(), segments(), tokens()};
    }
  }

  const std::vector<std::uint32_t>& choices_;
  std::size_t next_ = 0;
};

TEST(TranscriptJson, WhatWasWrittenIsReadAsAnEqualTranscript) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint32_t>& choices) {
    const Transcript transcript = AnyTranscript(choices).make();
    const std::string json = transcript.to_json();
    const Transcript read = Transcript::from_json(json);
    RC_ASSERT(read == transcript);
    RC_ASSERT(read.to_json() == json);
  }));
}

// Cut, or with a byte put for another: an equal transcript, another one, or a fault with its place.
TEST(TranscriptJson, SpoiltJsonIsReadOrRefusedWithItsPlace) {
  EXPECT_TRUE(rc::check(
      [](const std::vector<std::uint32_t>& choices, std::uint32_t place, char byte, bool is_cut) {
        std::string json = AnyTranscript(choices).make().to_json();
        const std::size_t at = place % json.size();
        is_cut ? json.resize(at) : void(json[at] = byte);
        try {
          Transcript::from_json(json);
          RC_ASSERT(!is_cut);
        } catch (const DecodingFailure& fault) {
          RC_ASSERT(std::string(fault.what()).starts_with("transcript: byte "));
        }
      }));
}

std::string with_entry(const std::string& entry) {
  return R"({"version":1,"transcript":{"entries":[)" + entry + "]}}";
}

TEST(TranscriptJson, FaultsNameByteAndPlace) {
  const auto refused = [](const std::string& json, const std::string& words) {
    EXPECT_THAT([&] { Transcript::from_json(json); },
                ThrowsMessage<DecodingFailure>(HasSubstr(words)))
        << json;
  };
  refused("{", "byte 1");
  refused("[]", "byte 0");
  refused(R"({"version":2,"transcript":{"entries":[]}})", "byte 11 (/version): only version 1");
  refused(R"({"version":1,"transcript":{"entries":[]},"more":1})",
          "(/more): the field 'more' is not known here");
  refused(with_entry(R"({"id":"a","role":"poet"})"),
          "(/transcript/entries/0/role): the role 'poet' is not known");
  refused(with_entry(R"({"id":"a","role":"user"})"), "contents");
  refused(with_entry(R"({"id":"a","role":"user","contents":[],"mood":"calm"})"),
          "(/transcript/entries/0/mood): the field 'mood'");
  refused(
      with_entry(R"({"id":"a","role":"user","contents":[{"type":"sound","id":"b"}]})"),
      "(/transcript/entries/0/contents/0/type): \"text\", \"structure\" or \"image\" is expected");
  refused(with_entry(R"({"id":"a","role":"user","contents":[],"options":{"temperature":"hot"}})"),
          "(/transcript/entries/0/options/temperature): a number is expected");
  refused(
      with_entry(R"({"id":"a","role":"user","contents":[],"options":{"tool_calling_mode":"x"}})"),
      "(/transcript/entries/0/options/tool_calling_mode): \"allowed\", \"required\"");
  refused(with_entry(R"({"id":"a","role":"response","contents":[],"assets":["x"]})"),
          "(/transcript/entries/0/assets): assets of responses are not known");
  refused(with_entry(R"({"id":"a","role":"response","toolCalls":[{"id":"b","name":"c",)"
                     R"("arguments":"{"}]})"),
          "(/transcript/entries/0/toolCalls/0/arguments): content: byte 1");
  refused(
      with_entry(R"({"id":"a","role":"user","contents":[],"responseFormat":{"type":"jsonSchema",)"
                 R"("jsonSchema":{"name":"","schema":{"type":"poem"}}}})"),
      "(/transcript/entries/0/responseFormat/jsonSchema/schema)");
  refused(with_entry(R"({"id":"a","role":"response","contents":[{"type":"structure","id":"b",)"
                     R"("structure":{"source":"","content":{"c":[1]},"incomplete":["/c/1"]}}]})"),
          "/incomplete/0): \"/c/1\" leads to no value of the content");
}

// Content may have any fields, and a schema may have keywords that say nothing of values.
TEST(TranscriptJson, AFieldThatIsNotKnownIsRefusedByNameOrSurvives) {
  std::size_t refused = 0;
  std::size_t kept = 0;
  const std::string json = every_part().to_json();
  bool in_string = false;
  for (std::size_t at = 0; at < json.size(); ++at) {
    if (in_string && json[at] == '\\') {
      ++at;
    } else if (json[at] == '"') {
      in_string = !in_string;
    }
    if (in_string || json[at] != '{') continue;
    std::string more = json;
    more.insert(at + 1, json[at + 1] == '}' ? R"("$comment":"new")" : R"("$comment":"new",)");
    try {
      EXPECT_THAT(Transcript::from_json(more).to_json(), HasSubstr(R"("$comment":"new")")) << more;
      ++kept;
    } catch (const DecodingFailure& fault) {
      EXPECT_THAT(fault.what(), HasSubstr("$comment")) << more;
      ++refused;
    }
  }
  EXPECT_GT(kept, 3U);
  EXPECT_GT(refused, 20U);
}

TEST(TranscriptJson, TextThatIsNotUtf8IsRefusedByEntry) {
  Transcript transcript;
  transcript.append(Transcript::Prompt{"the prompt", {Transcript::TextSegment{"", "\xFF"}}, {}});
  EXPECT_THAT([&] { transcript.to_json(); },
              ThrowsMessage<InvalidArgument>(HasSubstr("'the prompt'")));
}

TEST(ContentCuts, TellAndMakeWhatIsIncomplete) {
  for (const char* json : {"", "[", "{\"a/b\":[1,", "\"a", "[[],{\"~\":\"x", "[1,[2,[3],["}) {
    const auto content = GeneratedContent::from_partial_json(json);
    const std::vector<std::string> found = framework::cuts(content);
    ASSERT_EQ(found.size(), 1U) << json;
    const std::string shown = content.to_json();
    EXPECT_EQ(framework::with_cut(GeneratedContent::from_json(shown), found[0]), content) << json;
  }
  EXPECT_TRUE(framework::cuts(GeneratedContent::from_json("[1]")).empty());
}

}  // namespace
}  // namespace espalier
