// Grammars, and what free text may and may not hold.
#include "guide/grammar.h"

#include <gtest/gtest.h>

#include <random>

#include "espalier/error.h"
#include "guide/guide_testing.h"

namespace espalier::guide {
namespace {

using testing::accepts;
using testing::byte_trie;
using testing::end_token;
using testing::grammar_of;
using testing::refusal_of;

bool answers(const std::string& grammar, std::string_view text) {
  return accepts(grammar_of(grammar), text);
}

std::string refusal(const std::string& grammar) {
  return refusal_of([&] { grammar_of(grammar); });
}

// One tool in the way that many models call it.
const char* const calls = R"({"free": [{"trigger": "<tool_call>", "then":
    [{"schema": {"type": "object", "properties": {"name": {"enum": ["get_time", "get_weather"]}},
     "required": ["name"], "additionalProperties": false}}, "</tool_call>"]}], "most": 2})";

TEST(Grammar, ComposesTextsAlternativesAndRepeats) {
  EXPECT_TRUE(answers(R"("a\"b\\ü")", "a\"b\\ü"));
  EXPECT_TRUE(answers(R"(["a", "", "b"])", "ab"));
  EXPECT_FALSE(answers(R"(["a", "b"])", "a"));
  const auto grammar = grammar_of(R"([{"either": ["one", "only", ["t", {"either": ["wo"]}]]},
      {"repeat": [",", {"regex": "[0-9]+"}], "least": 1, "most": 2}])");
  for (const char* text : {"one,1", "only,12,3", "two,0,0"}) EXPECT_TRUE(accepts(grammar, text));
  for (const char* text : {"one", "on,1", "two,1,", "one,1,2,3", "one,a", ""}) {
    EXPECT_FALSE(accepts(grammar, text)) << text;
  }
  EXPECT_TRUE(answers(R"({"repeat": "ab"})", ""));
  EXPECT_TRUE(answers(R"({"repeat": "ab"})", "ababab"));
  EXPECT_FALSE(answers(R"({"repeat": "ab", "least": 2})", "ab"));
}

TEST(Grammar, DocumentsBeginAndEndWhereTextAllows) {
  const auto grammar = grammar_of(R"(["x=", {"schema": {"type": "integer"}},
      {"either": ["5", "!", ""]}])");
  for (const char* text : {"x=1", "x=-20!", "x=15", "x=5", "x=555"}) {
    EXPECT_TRUE(accepts(grammar, text)) << text;
  }
  for (const char* text : {"x=", "x=!", "x=1!!", "1", "x=01"}) {
    EXPECT_FALSE(accepts(grammar, text)) << text;
  }
  const auto two = grammar_of(R"([{"schema": {"type": "string"}}, {"schema": {"type": "array"}}])");
  EXPECT_TRUE(accepts(two, R"("a]"[1,{}])"));
  EXPECT_FALSE(accepts(two, R"([1]"a")"));
}

TEST(Grammar, ADocumentAndATextMayBeginAlike) {
  const auto grammar = grammar_of(R"({"either": [{"schema": {"type": ["object", "null"]}},
      {"regex": "nu[a-z]*|\\{\\}!"}]})");
  for (const char* text : {"null", "nut", "nullify", "{}", "{}!", R"({"a":1})"}) {
    EXPECT_TRUE(accepts(grammar, text)) << text;
  }
  for (const char* text : {"n", "{", "{}!!", "null!"}) EXPECT_FALSE(accepts(grammar, text)) << text;
}

TEST(Grammar, DocumentsOfOneAnswerHaveTheirOwnSchemas) {
  const auto grammar = grammar_of(R"({"repeat": {"either": [
      ["a", {"schema": {"enum": [1, 2]}}], ["b", {"schema": {"$defs": {"t": {"type": "boolean"}},
      "type": "array", "items": {"$ref": "#/$defs/t"}}}]]}})");
  EXPECT_TRUE(accepts(grammar, "a1b[true]b[]a2"));
  EXPECT_FALSE(accepts(grammar, "a3"));
  EXPECT_FALSE(accepts(grammar, "b[1]"));
}

TEST(Grammar, FreeTextIsFreeUntilATrigger) {
  const auto grammar = grammar_of(calls);
  const std::string call = R"(<tool_call>{"name":"get_time"}</tool_call>)";
  EXPECT_TRUE(accepts(grammar, ""));
  EXPECT_TRUE(accepts(grammar, "Any \"text\" {at} \\all,\n<tool_cal> even é🐲 <tool_call"));
  EXPECT_TRUE(accepts(grammar, call));
  EXPECT_TRUE(accepts(grammar, "First " + call + " then " + call + " done."));
  EXPECT_FALSE(accepts(grammar, "<tool_call>"));
  EXPECT_FALSE(accepts(grammar, "<tool_call> {"));
  EXPECT_FALSE(accepts(grammar, R"(<tool_call>{"name":"get_tim"}</tool_call>)"));
  EXPECT_FALSE(accepts(grammar, R"(<tool_call>{"name":"get_time"})"));
  EXPECT_FALSE(accepts(grammar, call + call + call)) << "two is the most";
}

TEST(Grammar, BehindTheLastCallATriggerIsNoTextEither) {
  const auto once = grammar_of(R"({"free": [{"trigger": "<<", "then": "!"}], "most": 1})");
  EXPECT_TRUE(accepts(once, "a<b<<!c<d"));
  EXPECT_FALSE(accepts(once, "<<!<<"));
  EXPECT_FALSE(accepts(once, "<<!<<!"));
  const auto needed = grammar_of(R"({"free": [{"trigger": "<<", "then": "!"}], "least": 1})");
  EXPECT_FALSE(accepts(needed, "abc"));
  EXPECT_TRUE(accepts(needed, "abc<<!"));
}

TEST(Grammar, FreeTextMayHaveAnEnd) {
  const auto grammar = grammar_of(R"([{"free": [], "until": ["</think>", "</thought>"]},
      {"regex": "\\n*"}, {"schema": {"type": "boolean"}}])");
  EXPECT_TRUE(accepts(grammar, "Hmm, true?</think>\n\ntrue"));
  EXPECT_TRUE(accepts(grammar, "</think</thought>false"));
  EXPECT_FALSE(accepts(grammar, "true"));
  EXPECT_FALSE(accepts(grammar, "a</think>b</think>true")) << "the first end is the end";
}

// A mark that ends is the first one to be complete, also where marks overlap or repeat themselves.
TEST(Grammar, TheFirstMarkToBeCompleteDecides) {
  const auto grammar = grammar_of(R"({"free": [{"trigger": "abab", "then": "!"},
      {"trigger": "bc", "then": "?"}]})");
  EXPECT_TRUE(accepts(grammar, "aabab!"));
  EXPECT_FALSE(accepts(grammar, "ababab!")) << "abab was complete two characters before";
  EXPECT_TRUE(accepts(grammar, "abaabab!"));
  EXPECT_TRUE(accepts(grammar, "abbc?abab!c"));
  EXPECT_FALSE(accepts(grammar, "ababc?"));
}

TEST(Grammar, RefusalsSayWhereAndWhatToDo) {
  EXPECT_EQ(refusal(R"(["a", {"either": []}])"),
            "grammar: byte 17 (/1/either): at least one alternative is needed");
  EXPECT_EQ(refusal(R"({"regexp": "a"})"),
            "grammar: byte 0: a part of a grammar has one of the members either, repeat, "
            "regex, schema and free");
  EXPECT_EQ(refusal(R"({"regex": "a", "most": 2})"),
            "grammar: byte 0: 'most' means nothing here; known are regex");
  EXPECT_TRUE(refusal(R"(["a", 1])").ends_with("a text, a list of parts or an object"));
  EXPECT_TRUE(refusal(R"({"repeat": "a", "least": 3, "most": 2})").ends_with("more than `most`"));
  EXPECT_TRUE(refusal(R"({"repeat": "a", "most": 10000000})").starts_with("#/most: counts above"));
  EXPECT_TRUE(refusal(R"([{"regex": "(a"}])").starts_with("#/0/regex: the pattern '(a' is no"));
  EXPECT_EQ(refusal(R"(["a", {"schema": {"items": {"pattern": "(a)\\1"}}}])"),
            "#/1/schema/items/pattern: the pattern '(a)\\1' uses a back-reference, which is not "
            "supported");
  EXPECT_TRUE(refusal(R"({"schema": false})").starts_with("#/schema: "));
  EXPECT_EQ(
      refusal(R"({"free": [{"trigger": "<a", "then": ""}, {"trigger": "b<a>", "then": ""}]})"),
      "#: in free text 'b<a>' is never seen, because '<a' is in it and is seen first: make "
      "the shorter one the trigger, and put what differs behind it");
  EXPECT_TRUE(refusal(R"({"free": [{"trigger": "", "then": ""}]})").ends_with("is empty"));
  EXPECT_EQ(refusal(R"({"either": [{"regex": "[]"}, {"free": [], "least": 1}]})"),
            "the guide allows no answer at all");
}

TEST(Grammar, FreeTextThatCouldEndUnseenIsRefused) {
  const std::string free = R"({"free": [{"trigger": "<tool_call>", "then": ""}]})";
  for (const std::string& grammar :
       {"[" + free + ", \"a\"]", "[" + free + ", \"\"]", "{\"repeat\": " + free + "}",
        "{\"either\": [[" + free + "," + free + "]]}",
        R"({"free": [{"trigger": "x", "then": )" + free + "}]}"}) {
    EXPECT_TRUE(refusal(grammar).ends_with("outside of repeats and triggers")) << grammar;
  }
  EXPECT_EQ(refusal(R"(["a", {"either": [)" + free + R"(, "b"]}])"), "");
  EXPECT_EQ(refusal("{\"repeat\": " + free + ", \"most\": 1}"), "");
}

// Failure modes seen in public threads.

// A token that runs past a trigger takes the trigger's guided part with it, or is not allowed.
TEST(FailureModes, TokensMayRunPastATrigger) {
  const auto trie = byte_trie({"call>{\"", "call>x", "call>", ">{", "> {", "}</tool_call> ok",
                               "}</tool_call>x<tool_call>[", "l><", "hi <tool_", "<tool_call>{\""});
  const auto allowed = [&](std::string_view before, std::size_t word) {
    Matcher matcher(grammar_of(calls), trie);
    for (const char byte : before) EXPECT_TRUE(matcher.accept(static_cast<unsigned char>(byte)));
    TokenMask mask(trie->vocabulary_size());
    matcher.mask(mask);
    const TokenId token = end_token + 1 + static_cast<TokenId>(word);
    EXPECT_EQ(mask.allows(token), matcher.accept(token));
    return mask.allows(token);
  };
  EXPECT_TRUE(allowed("a <tool_", 0));
  EXPECT_FALSE(allowed("a <tool_", 1));
  EXPECT_TRUE(allowed("a <tool_", 2));
  EXPECT_TRUE(allowed("a <tool", 1)) << "call> alone is no trigger";
  EXPECT_TRUE(allowed("<tool_call", 3));
  EXPECT_TRUE(allowed("<tool_cal", 7) == false);
  EXPECT_TRUE(allowed(R"(<tool_call>{"name":"get_time")", 5));
  EXPECT_FALSE(allowed(R"(<tool_call>{"name":"get_time")", 6)) << "the second call begins wrong";
  EXPECT_TRUE(allowed("", 8));
  EXPECT_TRUE(allowed("<", 9)) << "<<tool_call>{\"";
}

// The end of reasoning may arrive in one token with the answer's first bytes.
TEST(FailureModes, WhatFollowsReasoningMayArriveWithItsEnd) {
  const auto guide = grammar_of(R"([{"free": [], "until": "</think>"}, {"regex": "\\n{0,2}"},
      {"schema": {"type": "object", "required": ["a"], "properties": {"a": {"type": "null"}},
       "additionalProperties": false}}])");
  const auto trie = byte_trie({"</think>\n\n{\"a\"", "ink>\n\n{\"", "ink>\n\n\n{", "ink>{\"b"});
  Matcher matcher(guide, trie);
  for (const char byte : std::string_view("So {\"b\": 1}</th")) {
    ASSERT_TRUE(matcher.accept(static_cast<unsigned char>(byte)));
  }
  EXPECT_FALSE(matcher.accept(end_token + 3));
  EXPECT_FALSE(matcher.accept(end_token + 4));
  EXPECT_TRUE(matcher.accept(end_token + 2));
  matcher.rollback(1);
  for (const char byte : std::string_view("oughts ")) {
    ASSERT_TRUE(matcher.accept(static_cast<unsigned char>(byte)));
  }
  EXPECT_TRUE(matcher.accept(end_token + 1));
  EXPECT_EQ(matcher.forced_bytes(), ":null}");
}

// Speculation: tokens behind a trigger are taken back, and the trigger is seen again.
TEST(FailureModes, RollbackAcrossATrigger) {
  const auto trie = byte_trie({"<tool", "_call>{", "\"name\":", "</tool_call>"});
  const auto guide = grammar_of(calls);
  const std::vector<TokenId> tokens = {'a', end_token + 1, end_token + 2, end_token + 3, '"'};
  for (std::size_t back = 1; back <= tokens.size(); ++back) {
    Matcher matcher(guide, trie);
    for (const TokenId token : tokens) ASSERT_TRUE(matcher.accept(token));
    matcher.rollback(back);
    Matcher fresh(guide, trie);
    for (std::size_t i = 0; i + back < tokens.size(); ++i) ASSERT_TRUE(fresh.accept(tokens[i]));
    TokenMask mask(trie->vocabulary_size());
    TokenMask fresh_mask(trie->vocabulary_size());
    matcher.mask(mask);
    fresh.mask(fresh_mask);
    EXPECT_EQ(mask, fresh_mask) << back;
    for (std::size_t i = tokens.size() - back; i < tokens.size(); ++i) {
      EXPECT_TRUE(matcher.accept(tokens[i]));
    }
  }
}

// Free text has no end of its own: no state is used up by its length.
TEST(FailureModes, FreeTextMayBeAsLongAsItLikes) {
  const auto guide = grammar_of(calls);
  const auto trie = byte_trie({" the", "<tool", "_", "x<"});
  Matcher matcher(guide, trie);
  TokenMask mask(trie->vocabulary_size());
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(matcher.accept(end_token + 1 + i % 4));
    matcher.mask(mask);
    ASSERT_TRUE(mask.allows(end_token));
  }
}

// Names and descriptions of tools are data of a schema or a text: whatever they hold, the grammar
// is the same.
TEST(FailureModes, WhatATextHoldsDoesNotChangeTheGrammar) {
  const auto guide = grammar_of(R"({"either": ["a|b", "[x]*", "(?!", "{\"free\": []}", "\\d"]})");
  for (const char* text : {"a|b", "[x]*", "(?!", "{\"free\": []}", "\\d"}) {
    EXPECT_TRUE(accepts(guide, text)) << text;
  }
  for (const char* text : {"a", "x", "", "1"}) EXPECT_FALSE(accepts(guide, text)) << text;
  const auto schema = grammar_of(R"({"schema": {"description": "\"]}</tool_call> {\"free\": []}",
      "type": "null"}})");
  EXPECT_TRUE(accepts(schema, "null"));
  EXPECT_FALSE(accepts(schema, "</tool_call>"));
}

}  // namespace
}  // namespace espalier::guide
