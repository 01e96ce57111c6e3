#include "guide/matcher.h"

#include <gtest/gtest.h>

#include <random>

#include "espalier/error.h"
#include "guide/guide_samples_testing.h"
#include "guide/guide_testing.h"

namespace espalier::guide {
namespace {

using testing::accepts;
using testing::brute_force;
using testing::byte_trie;
using testing::end_token;
using testing::guide_of;
using testing::sample_schemas;
using testing::sample_words;

TokenId random_allowed(const TokenMask& mask, std::mt19937& random) {
  std::vector<TokenId> allowed;
  for (std::size_t id = 0; id < mask.size(); ++id) {
    if (mask.allows(static_cast<TokenId>(id))) allowed.push_back(static_cast<TokenId>(id));
  }
  return allowed[random() % allowed.size()];
}

TEST(Matcher, MasksAreNeverEmptyAndAreWhatEachTokenAloneWouldBe) {
  const auto trie = byte_trie(sample_words);
  std::mt19937 random(7);
  for (const SchemaOptions& options : {SchemaOptions{}, answer_options}) {
    for (const char* schema : sample_schemas) {
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

TEST(Matcher, MasksAreNeverEmptyInDeclaredOrder) {
  const auto trie = byte_trie(sample_words);
  std::mt19937 random(8);
  constexpr SchemaOptions declared{.white_space = WhiteSpace::none,
                                   .key_order = KeyOrder::declared};
  for (
      const char* schema :
      {R"({"properties":{"b":{"type":"null"},"a":{"type":"null"},"name":{}},"required":["a"]})",
       R"({"properties":{"b":{},"a":{}},"required":["name"],"minProperties":3,"maxProperties":4})",
       R"({"properties":{"b":{},"a":{"const":1}},"required":["a"],"additionalProperties":false})"}) {
    const auto guide = guide_of(schema, declared);
    for (int walk = 0; walk < 10; ++walk) {
      Matcher matcher(guide, trie);
      TokenMask mask(trie->vocabulary_size());
      for (int step = 0; step < 40 && !matcher.is_finished(); ++step) {
        matcher.mask(mask);
        ASSERT_EQ(mask, brute_force(matcher, *trie)) << schema;
        ASSERT_GT(mask.count(), 0U) << schema;
        ASSERT_LT(matcher.tokens_to_end(), Completion::endless) << schema;
        ASSERT_TRUE(matcher.accept(random_allowed(mask, random)));
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
  const auto trie = byte_trie(sample_words);
  std::mt19937 random(11);
  for (const char* schema : sample_schemas) {
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

TEST(Matcher, LongAnswersForgetTheirBeginning) {
  Matcher matcher(guide_of(R"({"type":"string"})"), byte_trie());
  ASSERT_TRUE(matcher.accept('"'));
  for (std::size_t i = 0; i < 3 * Matcher::most_rollback; ++i) ASSERT_TRUE(matcher.accept('a'));
  EXPECT_THROW(matcher.rollback(Matcher::most_rollback + 1), InvalidArgument);
  EXPECT_EQ(matcher.accepted(), 3 * Matcher::most_rollback + 1);
  matcher.rollback(Matcher::most_rollback);
  EXPECT_EQ(matcher.accepted(), 2 * Matcher::most_rollback + 1);
  EXPECT_THROW(matcher.rollback(1), InvalidArgument);
  EXPECT_TRUE(matcher.accept('"'));
  EXPECT_TRUE(matcher.is_complete());
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

}  // namespace
}  // namespace espalier::guide
