// Failure modes of other engines, seen in public threads: docs/guided-generation.md lists them.
#include <gtest/gtest.h>

#include <string>

#include "espalier/error.h"
#include "guide/guide_samples_testing.h"
#include "guide/guide_testing.h"

namespace espalier::guide {
namespace {

using testing::accepts;
using testing::byte_trie;
using testing::end_token;
using testing::grammar_of;
using testing::guide_of;
using testing::refusal;
using testing::sample_words;

TEST(FailureModes, ATypedContainerWithoutShapeIsAnyContainer) {
  EXPECT_TRUE(accepts(R"({"type":"object"})", R"({"a":[1,{}]})"));
  EXPECT_TRUE(accepts(R"({"type":"array"})", R"([1,"a",{"b":null}])"));
}

TEST(FailureModes, ControlCharactersInStringsMustBeEscaped) {
  EXPECT_FALSE(accepts(R"({"type":"string"})", "\"a\nb\""));
  EXPECT_TRUE(accepts(R"({"type":"string"})", R"("a\nb\u0001")"));
}

TEST(FailureModes, HalvesOfSurrogatePairsAreNoCharacters) {
  EXPECT_FALSE(accepts(R"({"type":"string"})", R"("\ud83d")"));
  EXPECT_FALSE(accepts(R"({"type":"string"})", R"("\udc32")"));
  EXPECT_TRUE(accepts(R"({"type":"string","maxLength":1})", R"("\ud83d\udc32")"));
  EXPECT_FALSE(accepts(R"({"type":"string"})", "\"\xC0\x80\""));
  EXPECT_FALSE(accepts(R"({"type":"string"})", "\"\xED\xA0\x80\""));
}

TEST(FailureModes, KeysAreUniqueHoweverTheyAreSpelled) {
  EXPECT_FALSE(accepts("true", R"({"a":1,"a":2})"));
  EXPECT_FALSE(accepts("true", R"({"a":1,"\u0061":2})"));
  EXPECT_FALSE(accepts(R"({"properties":{"a":{}}})", R"({"a":1,"\u0061":2})"));
  EXPECT_TRUE(accepts("true", R"({"a":1,"aa":2})"));
}

// A mask that a rule has emptied makes samplers take token 0.
TEST(FailureModes, AMinimumLengthLeavesAWayOn) {
  const auto trie = byte_trie({"\"}", "ab\""});
  Matcher matcher(guide_of(R"({"type":"string","minLength":300})"), trie);
  TokenMask mask(trie->vocabulary_size());
  ASSERT_TRUE(matcher.accept('"'));
  for (int i = 0; i < 300; ++i) {
    matcher.mask(mask);
    ASSERT_GT(mask.count(), 100U);
    ASSERT_FALSE(mask.allows('"'));
    ASSERT_TRUE(matcher.accept('x'));
  }
  EXPECT_FALSE(matcher.is_complete());
  ASSERT_TRUE(matcher.accept('"'));
  matcher.mask(mask);
  EXPECT_TRUE(mask.allows(end_token));
}

// Where length and another rule meet, a text is begun only if it can be long enough.
TEST(FailureModes, NoTextIsBegunThatCannotBecomeLongEnough) {
  const auto trie = byte_trie({"\"no", "no\"", "noth", "ne"});
  for (const char* schema : {R"({"pattern":"^(?:no|never|nothing at all)$","minLength":3,
                               "maxLength":5,"type":"string"})",
                             R"({"enum":["no","nothing at all","never"],"allOf":[{"minLength":3},
                               {"maxLength":5}]})"}) {
    Matcher matcher(guide_of(schema, answer_options), trie);
    TokenMask mask(trie->vocabulary_size());
    for (const char byte : std::string(R"("never")")) {
      matcher.mask(mask);
      EXPECT_TRUE(mask.allows(byte));
      EXPECT_EQ(mask.count(), byte == 'n' ? 2U : 1U) << "the byte and perhaps 'ne', nothing else";
      ASSERT_TRUE(matcher.accept(byte));
    }
    matcher.mask(mask);
    EXPECT_TRUE(mask.allows(end_token));
  }
}

TEST(FailureModes, ManyOptionalPropertiesDoNotDoubleAnything) {
  std::string schema = R"({"type":"object","additionalProperties":false,"properties":{)";
  for (int i = 0; i < 200; ++i) {
    schema += (i == 0 ? "" : ",") + ("\"p" + std::to_string(i)) + "\":{\"type\":\"integer\"}";
  }
  schema += "}}";
  std::string text = "{";
  for (int i = 199; i >= 0; --i) {
    text += (i == 199 ? "" : ",") + ("\"p" + std::to_string(i)) + "\":1";
  }
  EXPECT_TRUE(accepts(schema, text + "}"));
}

// And cost a few terms together, not each some of its own.
TEST(FailureModes, ThousandsOfEnumeratedTextsAreFine) {
  std::string schema = R"({"maxLength":12,"enum":[)";
  for (int i = 0; i < 5'000; ++i)
    schema += (i == 0 ? "\"v" : ",\"v") + std::to_string(i * 7) + "\"";
  schema += "]}";
  const auto guide = Guide::of_schema(base::JsonDocument::parse("schema", schema).root(), {},
                                      GuideLimits{.terms = 2'048});
  EXPECT_TRUE(accepts(guide, "\"v34993\""));
  EXPECT_FALSE(accepts(guide, "\"v34994\""));
}

TEST(FailureModes, AnyLengthOfFreeTextIsFine) {
  EXPECT_TRUE(accepts(R"({"type":"string"})", "\"" + std::string(100'000, 'x') + "\""));
}

TEST(FailureModes, DepthIsTheWritersChoice) {
  const std::string open(5'000, '[');
  EXPECT_TRUE(accepts("true", open + std::string(5'000, ']')));
}

TEST(FailureModes, BlanksAreBounded) {
  EXPECT_TRUE(accepts("true", "{ \"a\" :\n\t1 }"));
  EXPECT_FALSE(accepts("true", "[" + std::string(65, ' ') + "]"));
  EXPECT_FALSE(accepts("true", "[] "));
}

// What was compiled is held to, all of it: the place that cannot be is named.
TEST(FailureModes, WhatCompilesIsSupported) {
  for (const char* keyword : {"allOf", "anyOf", "oneOf", "not", "items", "contains"}) {
    SCOPED_TRACE(keyword);
    const bool list = std::string_view(keyword).ends_with("Of");
    const std::string inner = R"({"$ref":"elsewhere.json"})";
    const std::string value = list ? "[" + inner + "]" : inner;
    const std::string place = std::string("#/properties/a/") + keyword + (list ? "/0/" : "/");
    EXPECT_TRUE(refusal(R"({"properties":{"a":{")" + std::string(keyword) + "\":" + value + "}}}")
                    .starts_with(place + "$ref: "));
  }
  EXPECT_TRUE(refusal(R"({"type":"array","items":{"format":"idn-email"}})")
                  .starts_with("#/items/format: the format 'idn-email' "));
}

// "Too large" says what is.
TEST(FailureModes, ALimitNamesItsCulprit) {
  const auto at = [](const std::string& schema) {
    return R"({"properties":{"fine":{"type":"string"},"big":)" + schema + "}}";
  };
  const auto named = [&](const std::string& schema, const std::string& place) {
    const std::string fault = refusal(at(schema));
    EXPECT_TRUE(fault.starts_with("#/properties/big" + place)) << fault;
  };
  named(R"({"pattern":")" + std::string(10'000, 'a') + "\"}", "/pattern: ");
  named(R"({"pattern":")" + std::string(300, '(') + "a" + std::string(300, ')') + "\"}",
        "/pattern: ");
  named(R"({"pattern":"a{9999999}"})", "/pattern: ");
  named(R"({"maxLength":99999999})", "/maxLength: ");
  named(R"({"multipleOf":1.0000001})", "/multipleOf: ");
  named(R"({"type":"string","minLength":999999,"maxLength":1000000})", ": ");
  std::string contains = R"({"contains":{"minimum":1},"minContains":30,"allOf":[)";
  for (const char* digit : {"0", "1", "2", "3", "4", "5"}) {
    contains += std::string(*digit == '0' ? "" : ",") + R"({"contains":{"maximum":)" + digit + "}}";
  }
  named(contains + "]}", ": contains");
  named(R"({"maximum":0.)" + std::string(500, '1') + "}", "/maximum: ");
}

// A blank in front of the first token, as models put it there, is read where blanks are, and never
// where they are not.
TEST(FailureModes, TheFirstTokenMayBringABlank) {
  const auto trie = byte_trie({" {", "\n\n{\"", "</think>{"});
  const TokenId blank = end_token + 1;
  Matcher flexible(guide_of(R"({"type":"object"})"), trie);
  EXPECT_FALSE(flexible.accept(blank + 2));
  EXPECT_TRUE(flexible.accept(blank));
  EXPECT_TRUE(flexible.accept('}'));
  EXPECT_TRUE(flexible.is_complete());
  Matcher compact(guide_of(R"({"type":"object"})", answer_options), trie);
  for (const TokenId token : {blank, blank + 1, blank + 2}) EXPECT_FALSE(compact.accept(token));
  EXPECT_TRUE(compact.accept('{'));
}

TEST(FailureModes, DescriptionsChangeNothing) {
  const auto trie = byte_trie(sample_words);
  const std::string words = R"("}] | <tool_call> (?:x)* \\\" {{json}} 'foo' \u0000")";
  const std::string schemas =
      R"([{"$ref":"#/nowhere"},{"$anchor":"t","type":"null"},{"$id":"t.json","type":"null"}])";
  const std::string annotations = R"("title":"^(?:x)*$","description":)" + words +
                                  R"(,"examples":)" + schemas + R"(,"default":{"allOf":)" +
                                  schemas + R"(},"$comment":)" + words + R"(,"x-anything":)" +
                                  words + ",";
  const auto schema = [](const std::string& notes) {
    return "{" + notes + R"("type":"object","required":["a"],"properties":{"a":{)" + notes +
           R"("type":"string"},"b":{)" + notes + R"("$ref":"#t"}},"$defs":{"t":{"$anchor":"t",)" +
           notes + R"("type":"array"}}})";
  };
  Matcher bare(guide_of(schema("")), trie);
  Matcher described(guide_of(schema(annotations)), trie);
  TokenMask left(trie->vocabulary_size());
  TokenMask right(trie->vocabulary_size());
  for (const char byte : std::string(R"({"b":[1],"a":"y"})")) {
    bare.mask(left);
    described.mask(right);
    ASSERT_EQ(left, right);
    ASSERT_TRUE(bare.accept(byte));
    ASSERT_TRUE(described.accept(byte));
  }
}

// A constant is a text like any other to the rules beside it.
TEST(FailureModes, AConstantMeetsOtherRulesForTexts) {
  EXPECT_TRUE(
      accepts(R"({"const":"foo","pattern":"^f","maxLength":3,"type":"string"})", R"("foo")"));
  EXPECT_TRUE(accepts(R"({"allOf":[{"enum":["foo","bar"]},{"pattern":"o$"}]})", R"("foo")"));
  EXPECT_FALSE(accepts(R"({"allOf":[{"enum":["foo","bar"]},{"pattern":"o$"}]})", R"("bar")"));
  EXPECT_THROW(guide_of(R"({"const":"foo","maxLength":2})"), InvalidSchema);
}

// Nor does a constant take its text from the strings beside it: what follows decides.
TEST(FailureModes, AConstantDoesNotHideOtherTexts) {
  const std::string either = R"({"anyOf":[
      {"properties":{"k":{"const":"foo"},"n":{"type":"integer"}},"required":["k","n"]},
      {"properties":{"k":{"type":"string"},"n":{"type":"null"}},"required":["k","n"]}]})";
  EXPECT_TRUE(accepts(either, R"({"k":"foo","n":1})"));
  EXPECT_TRUE(accepts(either, R"({"k":"foo","n":null})"));
  EXPECT_FALSE(accepts(either, R"({"k":"food","n":1})"));
  const auto grammar = grammar_of(R"([{"either": ["foo", {"regex": "[a-z]+"}]}, "!"])");
  for (const char* text : {"foo!", "fo!", "food!"}) EXPECT_TRUE(accepts(grammar, text)) << text;
  const auto followed = grammar_of(R"({"either": [["foo", "!"], {"regex": "[a-z]+\\?"}]})");
  for (const char* text : {"foo!", "foo?", "food?"}) EXPECT_TRUE(accepts(followed, text)) << text;
  EXPECT_FALSE(accepts(followed, "food!"));
}

// Speculation accepts and takes back all the time; texts that were seen, counts and brackets with
// it.
TEST(FailureModes, TokensTakenBackLeaveNoTrace) {
  const auto trie = byte_trie(sample_words);
  Matcher matcher(guide_of(R"({"type":"array","items":{"type":"string"},"uniqueItems":true,
      "maxItems":2})"),
                  trie);
  const std::string draft = R"(["a","b"])";
  for (int round = 0; round < 3; ++round) {
    for (const char byte : draft) ASSERT_TRUE(matcher.accept(byte));
    ASSERT_TRUE(matcher.accept(end_token));
    matcher.rollback(draft.size() + 1);
  }
  for (const char byte : std::string(R"(["b","a")")) ASSERT_TRUE(matcher.accept(byte));
  EXPECT_FALSE(matcher.accept(','));
  EXPECT_TRUE(matcher.accept(']'));
  matcher.rollback(1);
  matcher.rollback(3);  // in the open array, in front of "a"
  for (const char byte : std::string(R"("a"])")) EXPECT_TRUE(matcher.accept(byte));
  EXPECT_TRUE(matcher.is_complete());
}

// Special tokens end or mark something, whatever their spelling is.
TEST(FailureModes, TokensWithoutTextAreNeverPartOfADocument) {
  const auto trie = byte_trie({"", "x"});
  Matcher matcher(guide_of(R"({"type":"string"})"), trie);
  ASSERT_TRUE(matcher.accept('"'));
  TokenMask mask(trie->vocabulary_size());
  matcher.mask(mask);
  EXPECT_FALSE(mask.allows(end_token + 1));
  EXPECT_FALSE(matcher.accept(end_token + 1));
  EXPECT_TRUE(mask.allows(end_token + 2));
}

}  // namespace
}  // namespace espalier::guide
