#include "guide/matcher.h"

#include <gtest/gtest.h>

#include <random>

#include "espalier/error.h"
#include "guide/guide_testing.h"

namespace espalier::guide {
namespace {

using testing::accepts;
using testing::byte_trie;
using testing::end_token;
using testing::guide_of;

// Tokens that run past the ends of keys, strings and containers, split characters and escapes.
const std::vector<std::string> words = {
    "{\"", "\":", "\",\"", "\"}", "}]", "],", "a\"", "ab", "name", "name\":", "true}", "null,",
    "12", ".5", "-1", "\\u00", "\\n", "\\\"", "é", "\xC3",
    "\xA9"
    "a",
    "🐲", " \"", "\n  ", ": {", "[[", "\"a\":", ", \"", "0]", "9}", "b\":\"", "e5", "\\ud83d",
    // behind a quote, enough to be known by a mask
    "\"a", "\"ab", "\"abc", "\"name", "\"name\"", "\"x\",", "\"x\":", "\"\",", "\"\\n", "{\"a",
    "{\"ab\":", "[\"a\",\"",
    // one key or item behind the other
    "\":1,\"a\":", "\":1,\"x", "\",\"a\"", "a\":[],\"a\"", "b\":{\"b\":", "x\":1,\"x\":",
    // many that end one text and begin the next
    "\",\"0", "\",\"1", "\",\"2", "\",\"3", "\",\"4", "\",\"5", "\",\"6", "\",\"7", "\",\"8\",\"",
    // ends behind escapes
    "\\u0061\"", "\\u0061\":1", "\\\\\"", "\\u0061b\",",
    // blanks in front
    " ", "  ", "\n", "\n \t", " }", " ,\"a\"", " 12", " ab", " [", "\r\n\""};

const char* const schemas[] = {
    "true",
    R"({"type":"object"})",
    R"({"type":"object","properties":{"a":{"type":"integer"},"ab":{"type":"string"}},"required":["ab"]})",
    R"({"type":"object","properties":{"a":{"const":1}},"additionalProperties":false,"minProperties":1})",
    R"({"type":"array","items":{"enum":["ab",12,null,true]},"minItems":1,"maxItems":3})",
    R"({"anyOf":[{"type":"object","properties":{"name":{"const":"a"}},"required":["name"]},
                 {"type":"object","properties":{"name":{"const":"b"}},"required":["name"]}]})",
    R"({"type":"string","pattern":"^[a-zé]{1,4}$"})",
    R"({"type":"object","patternProperties":{"^[ab]$":{"type":"null"}},"additionalProperties":false,
        "maxProperties":2})",
    R"({"$defs":{"t":{"type":"array","items":{"$ref":"#/$defs/t"},"maxItems":2}},"$ref":"#/$defs/t"})",
    R"({"type":"number","minimum":-1,"exclusiveMaximum":12.5})",
    R"({"type":"object","propertyNames":{"pattern":"^(x.*|[ab])$"}})",
    R"({"type":"object","patternProperties":{"^[a-z]{1,30}$":{}},"additionalProperties":false})",
    R"({"type":"array","items":{"type":"string"},"uniqueItems":true})",
    R"({"type":"array","items":{"enum":["a","ab",12,0,true]},"uniqueItems":true,"minItems":3})",
    R"({"type":"array","contains":{"type":"string"},"maxContains":1,"maxItems":3})",
    R"({"type":"object","not":{"additionalProperties":{"type":"integer"}},"maxProperties":2})",
    R"({"type":"object","properties":{"a":{},"ab":{},"name":{}},"additionalProperties":{"enum":[1,"a",[],{}]}})",
    R"({"type":"string","minLength":2,"maxLength":5})",
    R"({"type":"array","items":{"type":"string","minLength":1},"uniqueItems":true,"maxItems":3})",
    R"({"type":"object","additionalProperties":{"type":"string","maxLength":1},"propertyNames":{"minLength":1,"maxLength":2}})",
    R"({"anyOf":[{"type":"object","properties":{"a":{"type":"integer"}}},{"type":"object","required":["b"]},{"type":"array"}]})",
};

TokenMask brute_force(const Matcher& matcher, const TokenTrie& trie) {
  TokenMask mask(trie.vocabulary_size());
  for (std::size_t id = 0; id < trie.vocabulary_size(); ++id) {
    Matcher copy = matcher;
    if (copy.accept(static_cast<TokenId>(id))) mask.allow(static_cast<TokenId>(id));
  }
  return mask;
}

TokenId random_allowed(const TokenMask& mask, std::mt19937& random) {
  std::vector<TokenId> allowed;
  for (std::size_t id = 0; id < mask.size(); ++id) {
    if (mask.allows(static_cast<TokenId>(id))) allowed.push_back(static_cast<TokenId>(id));
  }
  return allowed[random() % allowed.size()];
}

TEST(Matcher, MasksAreNeverEmptyAndAreWhatEachTokenAloneWouldBe) {
  const auto trie = byte_trie(words);
  std::mt19937 random(7);
  for (const SchemaOptions& options : {SchemaOptions{}, answer_options}) {
    for (const char* schema : schemas) {
      const auto guide = guide_of(schema, options);
      for (int walk = 0; walk < 6; ++walk) {
        Matcher matcher(guide, trie);
        TokenMask mask(trie->vocabulary_size());
        for (int step = 0; step < 40 && !matcher.is_finished(); ++step) {
          matcher.mask(mask);
          ASSERT_GT(mask.count(), 0U) << schema;
          ASSERT_EQ(mask, brute_force(matcher, *trie)) << schema;
          ASSERT_TRUE(matcher.accept(random_allowed(mask, random)));
        }
      }
    }
  }
}

TEST(Matcher, AnAnswerIsSpelledPlainly) {
  const auto any = guide_of("true", answer_options);
  for (const char* text :
       {R"({"a":[1,-2.5,"é 🐲","a\"b\\c\n\u0001\u000a",0,10,null,true]})", "-0.25"}) {
    EXPECT_TRUE(accepts(any, text)) << text;
  }
  for (const char* text : {R"("\u0061")", R"("\/")", R"("\ud83d\udc32")", R"({"\u0061":1})", "1.0",
                           "1e3", "[1, 2]", "0.50", R"("\u0020")"}) {
    EXPECT_FALSE(accepts(any, text)) << text;
    EXPECT_TRUE(accepts("true", text)) << text;
  }
  const auto bounded =
      guide_of(R"({"type":"number","minimum":1,"multipleOf":0.5})", answer_options);
  EXPECT_TRUE(accepts(bounded, "1.5"));
  EXPECT_TRUE(accepts(bounded, "20"));
  EXPECT_FALSE(accepts(bounded, "1.50"));
  const auto control =
      guide_of(R"({"type":"string","pattern":"^[\u0000-\u0002]+$"})", answer_options);
  EXPECT_TRUE(accepts(control, R"("\u0001\u0002")"));
}

// What the mask allows by one way is accepted, however many other ways begin within the token.
TEST(Matcher, ManyAlternativesDoNotCrowdOutTheOneThatAllowsAToken) {
  std::string many;
  for (int i = 0; i < 300; ++i) {
    const std::string key = "\"a" + std::to_string(i) + "\"";
    many += (i > 0 ? "," : "") + ("{\"type\":\"object\",\"properties\":{" + key + ":{}},") +
            "\"required\":[" + key + "],\"additionalProperties\":false}";
  }
  const auto around = [](const std::string& value) {
    return R"({"type":"object","properties":{"k":)" + value +
           R"(},"required":["k"],"additionalProperties":false})";
  };
  const auto guide = guide_of(
      "{\"anyOf\":[" + around("{\"anyOf\":[" + many + "]}") + "," +
      around(R"({"type":"object","properties":{"z":{}},"additionalProperties":false})") + "]}");
  const auto trie = byte_trie({"{\"z"});
  Matcher matcher(guide, trie);
  for (const char byte : std::string_view("{\"k\":")) {
    ASSERT_TRUE(matcher.accept(static_cast<unsigned char>(byte)));
  }
  const TokenId token = end_token + 1;
  TokenMask mask(trie->vocabulary_size());
  matcher.mask(mask);
  EXPECT_TRUE(mask.allows(token));
  EXPECT_TRUE(matcher.accept(token));
}

TEST(Matcher, RollbackLeavesTheMasksOfAFreshMatcher) {
  const auto trie = byte_trie(words);
  std::mt19937 random(11);
  for (const char* schema : schemas) {
    const auto guide = guide_of(schema);
    Matcher matcher(guide, trie);
    std::vector<TokenId> taken;
    TokenMask mask(trie->vocabulary_size());
    TokenMask fresh_mask(trie->vocabulary_size());
    for (int round = 0; round < 12; ++round) {
      for (int i = 0; i < 8 && !matcher.is_finished(); ++i) {
        matcher.mask(mask);
        taken.push_back(random_allowed(mask, random));
        ASSERT_TRUE(matcher.accept(taken.back()));
      }
      const std::size_t back = random() % (taken.size() + 1);
      matcher.rollback(back);
      taken.resize(taken.size() - back);
      Matcher fresh(guide, trie);
      for (const TokenId token : taken) ASSERT_TRUE(fresh.accept(token));
      matcher.mask(mask);
      fresh.mask(fresh_mask);
      ASSERT_EQ(mask, fresh_mask) << schema;
    }
  }
  Matcher matcher(guide_of("true"), trie);
  EXPECT_THROW(matcher.rollback(1), InvalidArgument);
}

TEST(Matcher, ATokenThatIsNotAllowedChangesNothing) {
  const auto trie = byte_trie();
  Matcher matcher(guide_of(R"({"type":"boolean"})"), trie);
  EXPECT_FALSE(matcher.accept('n'));
  EXPECT_FALSE(matcher.accept(end_token));
  EXPECT_FALSE(matcher.accept(-1));
  EXPECT_FALSE(matcher.accept(257));
  EXPECT_EQ(matcher.accepted(), 0U);
  for (const char byte : std::string("true")) EXPECT_TRUE(matcher.accept(byte));
  EXPECT_TRUE(matcher.is_complete());
  EXPECT_TRUE(matcher.accept(end_token));
  EXPECT_TRUE(matcher.is_finished());
  EXPECT_FALSE(matcher.accept(' '));
}

TEST(Matcher, ForcedBytesAreTheOnlyWayOn) {
  const auto trie = byte_trie();
  const SchemaOptions compact{.white_space = WhiteSpace::none};
  const auto guide = guide_of(R"({"type":"object","properties":{"kind":{"const":"leaf"},
      "size":{"type":"integer"}},"required":["kind"],"additionalProperties":false,
      "maxProperties":1})",
                              compact);
  Matcher matcher(guide, trie);
  EXPECT_EQ(matcher.forced_bytes(), R"({"kind":"leaf"})");
  for (const char byte : std::string(R"({"kind":"le)")) ASSERT_TRUE(matcher.accept(byte));
  EXPECT_EQ(matcher.forced_bytes(), R"(af"})");
  Matcher blanks(guide_of(R"({"type":"object"})"), trie);
  EXPECT_EQ(blanks.forced_bytes(), "");  // a blank may come first
}

// Failure modes seen in public threads.

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

TEST(FailureModes, AMinimumLengthLeavesAWayOn) {
  EXPECT_FALSE(accepts(R"({"type":"string","minLength":3})", R"("ab")"));
  EXPECT_TRUE(accepts(R"({"type":"string","minLength":3})", R"("abc")"));
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

TEST(FailureModes, ThousandsOfEnumeratedTextsAreFine) {
  std::string schema = R"({"maxLength":12,"enum":[)";
  for (int i = 0; i < 5'000; ++i)
    schema += (i == 0 ? "\"v" : ",\"v") + std::to_string(i * 7) + "\"";
  schema += "]}";
  EXPECT_TRUE(accepts(schema, "\"v34993\""));
  EXPECT_FALSE(accepts(schema, "\"v34994\""));
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

}  // namespace
}  // namespace espalier::guide
