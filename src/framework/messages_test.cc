#include "framework/messages.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace espalier::framework {
namespace {

Transcript with_tools() {
  const Transcript::ToolDefinition tool{"weather", "The weather.",
                                        GenerationSchema::from_json(R"({"type":"null"})")};
  const Transcript::ToolCall first{.id = "1", .tool_name = "weather"};
  const Transcript::ToolCall second{.id = "2", .tool_name = "weather"};
  return Transcript({Transcript::instructions("Be brief.", {tool}), Transcript::prompt("Go"),
                     Transcript::response("Let me see."), Transcript::tool_calls({first, second}),
                     Transcript::tool_output(first, "rain"),
                     Transcript::tool_output(second, GeneratedContent::array({})),
                     Transcript::response("Wet.")});
}

std::vector<text::ChatMessage> messages(const Transcript& transcript, const char* format) {
  std::vector<text::ChatMessage> found;
  for (std::size_t i = 0; i < transcript.size();) {
    Message next =
        message_at(transcript, i, text::ChatFormat::named(format), text::tool_style(format));
    found.push_back(std::move(next.message));
    i += next.entries;
  }
  return found;
}

const char* const definition =
    R"({"type":"function","function":{"name":"weather","description":"The weather.",)"
    R"("parameters":{"type":"null"}}})";

TEST(Messages, HermesToolsAreInTagsAndOutputsTogether) {
  const auto found = messages(with_tools(), "chatml");
  ASSERT_EQ(found.size(), 5U);
  EXPECT_EQ(found[0].role, "system");
  EXPECT_TRUE(found[0].content.starts_with("Be brief.\n\nYou are a function calling AI model."));
  EXPECT_NE(found[0].content.find(std::string("<tools>\n") + definition + "\n</tools>"),
            std::string::npos);
  EXPECT_EQ(found[2].role, "assistant");
  EXPECT_EQ(found[2].content,
            "Let me see.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": null}\n</tool_call>\n"
            "<tool_call>\n{\"name\": \"weather\", \"arguments\": null}\n</tool_call>");
  EXPECT_EQ(found[3].role, "tool");
  EXPECT_EQ(found[3].content,
            "<tool_response>\nrain\n</tool_response>\n<tool_response>\n[]\n</tool_response>");
  EXPECT_EQ(found[4].content, "Wet.");
}

TEST(Messages, QwenGivesOutputsToTheUserRole) {
  const auto found = messages(with_tools(), "qwen");
  ASSERT_EQ(found.size(), 5U);
  EXPECT_TRUE(found[0].content.starts_with("Be brief.\n\n# Tools\n"));
  EXPECT_EQ(found[3].role, "user");
  EXPECT_EQ(messages(Transcript({Transcript::instructions("", {})}), "qwen")[0].content,
            "You are a helpful assistant.");
}

TEST(Messages, Llama3GivesEachOutputAsJson) {
  const auto found = messages(with_tools(), "llama3");
  ASSERT_EQ(found.size(), 6U);
  EXPECT_TRUE(found[0].content.ends_with(std::string("\n\n") + definition));
  EXPECT_EQ(found[3].role, "ipython");
  EXPECT_EQ(found[3].content, "\"rain\"");
  EXPECT_EQ(found[4].content, "[]");
}

TEST(Messages, GemmaHasNoRolesForTools) {
  const auto found = messages(with_tools(), "gemma");
  for (const text::ChatMessage& message : found) {
    EXPECT_TRUE(message.role == "system" || message.role == "user" || message.role == "assistant");
  }
  EXPECT_EQ(found[3].content, "The function returned:\nrain");
}

TEST(Messages, WithoutToolsInstructionsAreAlone) {
  EXPECT_EQ(messages(Transcript({Transcript::instructions("Be brief.")}), "chatml")[0].content,
            "Be brief.");
}

}  // namespace
}  // namespace espalier::framework
