// Text told from calls, however an answer comes in pieces; and that what a tool grammar lets
// through is read back as it was meant.
#include "framework/call_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "framework/tool_grammar.h"
#include "guide/guide_testing.h"

namespace espalier::framework {
namespace {

using guide::testing::accepts;

struct Read {
  std::string text;
  std::vector<Transcript::ToolCall> calls;
};

Read read(const text::ToolStyle& style, bool at_begin_only, std::string_view answer,
          std::size_t piece = 1) {
  CallReader reader(style, at_begin_only);
  Read result;
  for (std::size_t at = 0; at < answer.size(); at += piece) {
    result.text += reader.push(answer.substr(at, piece));
  }
  result.text += reader.finish();
  if (reader.in_calls()) result.calls = reader.calls();
  return result;
}

const std::vector<Transcript::ToolDefinition>& tools() {
  static const std::vector<Transcript::ToolDefinition> made = {
      {"say", "", GenerationSchema::from_json(R"({"type":"object","additionalProperties":false,
          "properties":{"text":{"type":"string"}},"required":["text"]})")},
      {"ne\"st", "", GenerationSchema::from_json(R"({"type":"object","additionalProperties":false,
          "properties":{"in":{"$ref":"#"},"n":{"type":"integer"}}})")}};
  return made;
}

std::shared_ptr<const guide::Guide> guide_of(const text::ToolStyle& style, ToolCallingMode mode,
                                             const GenerationSchema* schema = nullptr) {
  return guide::testing::grammar_of(tool_grammar(style, tools(), schema, mode));
}

const char* const all_formats[] = {"chatml", "qwen", "llama3", "gemma", "mistral"};

TEST(CallReader, WhatTheGrammarLetsThroughIsReadBack) {
  for (const char* format : all_formats) {
    const text::ToolStyle& style = text::tool_style(format);
    const auto allowed = guide_of(style, ToolCallingMode::allowed);
    const std::string arguments = R"({"text":"} {\" <tool_call> </tool_call>"})";
    const std::string one = text::call_text(style, "say", arguments);
    const std::string two = text::call_text(style, "ne\"st", R"({"in":{"in":{},"n":1}})");
    for (const std::string& before : {std::string(), std::string("Let me see. {\n")}) {
      for (const std::string& calls : {one, two, one + "\n" + two + "\n" + one}) {
        if (calls.size() > one.size() + two.size() && !style.many_calls) continue;
        ASSERT_TRUE(accepts(allowed, before + calls)) << format << ": " << before + calls;
        const Read found = read(style, false, before + calls);
        EXPECT_EQ(found.text, before);
        ASSERT_FALSE(found.calls.empty());
        std::string again;
        for (const Transcript::ToolCall& call : found.calls) {
          if (!again.empty()) again += "\n";
          again += text::call_text(style, call.tool_name, call.arguments.to_json());
        }
        EXPECT_EQ(again, calls);
      }
    }
  }
}

TEST(CallReader, NoCallPassesAsText) {
  for (const char* format : all_formats) {
    const text::ToolStyle& style = text::tool_style(format);
    const std::string trigger(style.trigger);
    const std::string call = text::call_text(style, "say", R"({"text":"a"})");
    const auto allowed = guide_of(style, ToolCallingMode::allowed);
    EXPECT_TRUE(accepts(allowed, "Just text, {\"name\" and <tool_cal"));
    EXPECT_FALSE(accepts(allowed, "Text with a " + trigger));
    EXPECT_FALSE(accepts(allowed, call + " and text behind it"));
    EXPECT_FALSE(accepts(allowed, text::call_text(style, "sing", R"({"text":"a"})")));
    EXPECT_FALSE(accepts(allowed, text::call_text(style, "say", R"({"text":1})")));
    const auto required = guide_of(style, ToolCallingMode::required);
    EXPECT_TRUE(accepts(required, call));
    EXPECT_FALSE(accepts(required, "Text. " + call));
    EXPECT_FALSE(accepts(required, ""));
    const auto disallowed = guide_of(style, ToolCallingMode::disallowed);
    EXPECT_TRUE(accepts(disallowed, "Just text."));
    EXPECT_FALSE(accepts(disallowed, call));
  }
}

TEST(CallReader, AnAnswerUnderASchemaIsThatOrCalls) {
  const GenerationSchema schema = GenerationSchema::from_json(R"({"type":"object"})");
  const std::string tricky = R"({"name":"say","parameters":"<tool_call>{\"name\": "})";
  for (const char* format : all_formats) {
    const text::ToolStyle& style = text::tool_style(format);
    const std::string call = text::call_text(style, "say", R"({"text":"a"})");
    const auto allowed = guide_of(style, ToolCallingMode::allowed, &schema);
    ASSERT_TRUE(accepts(allowed, tricky));
    ASSERT_TRUE(accepts(allowed, call));
    EXPECT_FALSE(accepts(allowed, "Text. " + call));
    EXPECT_FALSE(accepts(guide_of(style, ToolCallingMode::required, &schema), tricky));
    EXPECT_EQ(read(style, true, tricky).text, tricky);
    EXPECT_TRUE(read(style, true, tricky).calls.empty());
    EXPECT_EQ(read(style, true, call).text, "");
    EXPECT_EQ(read(style, true, call).calls.at(0).tool_name, "say");
  }
}

TEST(CallReader, CallsMayBeSpelledInAnyWayButSayTheSame) {
  for (const char* format : all_formats) {
    const text::ToolStyle& style = text::tool_style(format);
    const std::vector<Transcript::ToolCall> calls = {
        {.tool_name = "say", .arguments = GeneratedContent::from_json(R"({"text":"a\n}"})")}};
    const auto says = [&](std::string_view front, std::string_view arguments) {
      const std::string text = "Hm. " + text::call_text(style, "say", arguments);
      return spells_calls(style, text, front, calls);
    };
    EXPECT_TRUE(says("Hm. ", R"({"text":"a\n}"})"));
    EXPECT_TRUE(says("Hm. ", R"({"text":"a\u000A}"})"));
    EXPECT_FALSE(says("Hm.", R"({"text":"a\n}"})"));
    EXPECT_FALSE(says("", R"({"text":"a\n}"})"));
    EXPECT_FALSE(says("Hm. ", R"({"text":"a\n} "})"));
    EXPECT_FALSE(says("Hm. ", R"({"text":"a\n}")"));
    EXPECT_FALSE(says("Hm. ", ""));
    const std::string one = text::call_text(style, "say", calls[0].arguments.to_json());
    EXPECT_TRUE(spells_calls(style, one, "", calls));
    EXPECT_TRUE(spells_calls(style, one + "\n" + one, "", {calls[0], calls[0]}));
    EXPECT_FALSE(spells_calls(style, one, "", {calls[0], calls[0]}));
    EXPECT_FALSE(spells_calls(style, one + one, "", {calls[0], calls[0]}));
    EXPECT_FALSE(spells_calls(style, one + "\n" + one, "", calls));
    EXPECT_FALSE(spells_calls(style, text::call_text(style, "sing", "{}"), "", calls));
    for (std::size_t cut = 0; cut < one.size(); ++cut) {
      EXPECT_FALSE(spells_calls(style, one.substr(0, cut), "", calls)) << cut;
    }
  }
}

RC_GTEST_PROP(CallReader, PiecesMakeNoDifference, ()) {
  const text::ToolStyle& style =
      text::tool_style(all_formats[*rc::gen::inRange<std::size_t>(0, std::size(all_formats))]);
  std::string answer;
  for (int parts = *rc::gen::inRange(0, 6); parts > 0; --parts) {
    const std::string_view trigger = style.trigger;
    answer += trigger.substr(0, *rc::gen::inRange<std::size_t>(0, trigger.size()));
    answer += *rc::gen::element<std::string>("", "a", "{", "\n");
  }
  RC_PRE(answer.find(style.trigger) == std::string::npos);
  const bool calls = *rc::gen::arbitrary<bool>();
  const std::string call = calls ? text::call_text(style, "say", R"({"text":"}"})") : "";
  // The text's end and the trigger must not make an earlier one.
  RC_PRE(!calls || (answer + call).find(style.trigger) == answer.size());
  const Read found = read(style, false, answer + call, *rc::gen::inRange<std::size_t>(1, 40));
  RC_ASSERT(found.text == answer);
  RC_ASSERT(found.calls.size() == (calls ? 1U : 0U));
}

}  // namespace
}  // namespace espalier::framework
