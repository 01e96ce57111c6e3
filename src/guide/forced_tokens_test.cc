// What must come, in the tokens of a tokenizer that pairs bytes as real ones do.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "guide/guide_testing.h"
#include "text/tokenizer.h"
#include "text/vocabulary_testing.h"

namespace espalier::guide {
namespace {

using testing::guide_of;

class ForcedTokens : public ::testing::Test {
 protected:
  const text::Tokenizer tokenizer_{text::vocabulary_of_words(
      {"{\"", "\":", "\":\"", "\",\"", "\"}", "name", "kind", "leaf", "size", "éa", "true"},
      "gpt2")};
  const std::shared_ptr<const TokenTrie> trie_ = TokenTrie::of(tokenizer_, {2});

  std::vector<TokenId> own(std::string_view text) const {
    return tokenizer_.encode(text, {.recognise_special = false});
  }

  Matcher matcher(const char* schema, std::string_view begun = "") const {
    Matcher matcher(guide_of(schema, answer_options), trie_);
    for (const TokenId token : own(begun)) EXPECT_TRUE(matcher.accept(token)) << begun;
    return matcher;
  }

  std::string text(const std::vector<TokenId>& tokens) const {
    return tokenizer_.decode_bytes(tokens);
  }
};

constexpr const char* leaf = R"({"type":"object","properties":{"kind":{"const":"leaf"}},
    "required":["kind"],"additionalProperties":false})";
constexpr const char* text_and_number = R"({"type":"object","additionalProperties":false,
    "properties":{"name":{"type":"string"},"size":{"type":"integer"}},"required":["name","size"]})";

TEST_F(ForcedTokens, AreThoseThatTheTokenizerGives) {
  const auto [replaced, tokens] = matcher(leaf).forced_tokens();
  EXPECT_EQ(replaced, 0U);
  EXPECT_EQ(tokens, own(R"({"kind":"leaf"})"));
  EXPECT_EQ(matcher(leaf, R"({"kind":")").forced_tokens().tokens, own(R"(leaf"})"));
}

TEST_F(ForcedTokens, AreHeldBackWhereALongerOneMayComeInstead) {
  // `":"` must come, but its last quote may be the first of `","`, whose comma is a name.
  EXPECT_EQ(text(matcher(text_and_number, R"({"name)").forced_tokens().tokens), "");
  const char* letters = R"({"type":"object","additionalProperties":false,"required":["name"],
      "properties":{"name":{"type":"string","pattern":"^[a-z]+$"}}})";
  EXPECT_EQ(text(matcher(letters, R"({"name)").forced_tokens().tokens), "\":\"");
  // `":` must come; whether `":"` does, the value says, so nothing is forced.
  const char* either = R"({"type":"object","additionalProperties":false,"required":["name"],
      "properties":{"name":{"type":["string","null"]}}})";
  EXPECT_EQ(text(matcher(either).forced_tokens().tokens), "{\"name");
  // No number begins a token with `":`.
  EXPECT_EQ(text(matcher(text_and_number, R"({"size)").forced_tokens().tokens), "\":");
}

TEST_F(ForcedTokens, SpellTheAcceptedAnewWhereTheTokenizerWould) {
  Matcher m = matcher(text_and_number, R"({"name":")");
  for (const char byte : std::string("Bo\"")) ASSERT_TRUE(m.accept(own({&byte, 1}).front()));
  // The quote and what must come behind it are `","` and `size`.
  const auto [replaced, tokens] = m.forced_tokens();
  EXPECT_EQ(replaced, 1U);
  EXPECT_EQ(tokens, own(R"(","size":)"));
}

TEST_F(ForcedTokens, SpellTheAcceptedAnewWhereNothingMustCome) {
  Matcher m = matcher(R"({"type":"string"})", "\"");
  for (const char byte : std::string("nam")) ASSERT_TRUE(m.accept(own({&byte, 1}).front()));
  const auto [replaced, tokens] = m.forced_tokens();
  EXPECT_EQ(replaced, 3U);
  EXPECT_EQ(tokens, own("nam"));
}

TEST_F(ForcedTokens, LeaveHalfACharacterAlone) {
  Matcher m = matcher(R"({"type":"string"})", "\"");
  ASSERT_TRUE(m.accept(own("\xC3").front()));
  EXPECT_TRUE(m.forced_tokens().tokens.empty());
  ASSERT_TRUE(m.accept(own("\xA9").front()));
  EXPECT_EQ(m.forced_tokens().tokens, own("é"));
  // Of two texts that begin with halves of characters, the first half is no token to be forced.
  const Matcher halves = matcher("{\"enum\":[\"\xC3\xA9\",\"\xC3\xA8\"]}");
  EXPECT_EQ(text(halves.forced_tokens().tokens), "\"");
}

TEST_F(ForcedTokens, AreTextWhereTextLooksLikeASpecialToken) {
  const char* marks = R"({"const":"name<|im_end|>"})";
  const auto [replaced, tokens] = matcher(marks).forced_tokens();
  EXPECT_EQ(replaced, 0U);
  EXPECT_EQ(text(tokens), R"("name<|im_end|>")");
  EXPECT_EQ(std::ranges::count(tokens, TokenId{2}), 0);
  Matcher m = matcher(marks);
  for (const TokenId token : tokens) ASSERT_TRUE(m.accept(token));
  EXPECT_TRUE(m.is_complete());
}

TEST_F(ForcedTokens, LeaveNoTraceOnceTheyAreTakenBack) {
  Matcher m = matcher(text_and_number, R"({"name":"Bo)");
  TokenMask before(trie_->vocabulary_size());
  TokenMask after(trie_->vocabulary_size());
  ASSERT_TRUE(m.accept(own("\"").front()));
  m.mask(before);
  const auto [replaced, tokens] = m.forced_tokens();
  ASSERT_EQ(replaced, 1U);
  m.rollback(replaced);
  for (const TokenId token : tokens) ASSERT_TRUE(m.accept(token));
  m.rollback(tokens.size());
  ASSERT_TRUE(m.accept(own("\"").front()));
  m.mask(after);
  EXPECT_EQ(before, after);
  EXPECT_EQ(m.forced_tokens().tokens, tokens);
}

TEST_F(ForcedTokens, LookFurtherBackWhereTheLastTokensComeOutOtherwise) {
  for (const std::size_t names : {2, 5, 12}) {
    Matcher m = matcher(R"({"type":"string"})", "\"");
    std::string text;
    for (std::size_t i = 0; i < names; ++i) text += "name";
    for (const char letter : text) ASSERT_TRUE(m.accept(own({&letter, 1}).front()));
    const auto [replaced, tokens] = m.forced_tokens();
    EXPECT_EQ(replaced, text.size());
    EXPECT_EQ(tokens, own(text));
  }
}

TEST_F(ForcedTokens, ReplaceNoMoreThanCanBeTakenBack) {
  Matcher m = matcher(R"({"type":"string"})", "\"");
  const std::string names = [] {
    std::string text;
    for (std::size_t i = 0; i <= Matcher::most_rollback / 4; ++i) text += "name";
    return text;
  }();
  for (const char letter : names) ASSERT_TRUE(m.accept(own({&letter, 1}).front()));
  const auto [replaced, tokens] = m.forced_tokens();
  EXPECT_EQ(replaced, 0U);
  EXPECT_TRUE(tokens.empty());
}

TEST_F(ForcedTokens, AVocabularyWithoutATokenizerForcesNone) {
  const Matcher m(guide_of(leaf, answer_options), testing::byte_trie());
  EXPECT_FALSE(m.forced_bytes().empty());
  EXPECT_TRUE(m.forced_tokens().tokens.empty());
}

// Whatever tokens a model chooses, its answer has its text's own.
TEST_F(ForcedTokens, AnAnswerThatTakesThemHasItsTextsOwnTokens) {
  std::mt19937 random(2);
  TokenMask mask(trie_->vocabulary_size());
  const char* mixed =
      R"({"type":"array","minItems":2,"items":{"anyOf":[{"enum":["éa","name"," leaf"]},
      {"type":"string","pattern":"^[a-z éa]{0,9}$"},{"type":"integer"}]}})";
  for (const char* schema : {leaf, text_and_number, mixed, "true"}) {
    const auto guide = guide_of(schema, answer_options);
    for (int walk = 0; walk < 60; ++walk) {
      Matcher m(guide, trie_);
      std::vector<TokenId> taken;
      std::size_t steps = 0;
      while (!m.is_finished()) {
        const auto [replaced, tokens] = m.forced_tokens();
        taken.resize(taken.size() - replaced);
        m.rollback(replaced);
        for (const TokenId token : tokens) ASSERT_TRUE(m.accept(token));
        taken.insert(taken.end(), tokens.begin(), tokens.end());
        ++steps;
        ASSERT_LT(steps, 400U);
        if (steps < 25) {
          m.mask(mask);
        } else {
          m.mask_that_fits(mask, 0);
        }
        std::vector<TokenId> allowed;
        for (std::size_t id = 0; id < mask.size(); ++id) {
          if (mask.allows(static_cast<TokenId>(id))) allowed.push_back(static_cast<TokenId>(id));
        }
        taken.push_back(allowed.at(random() % allowed.size()));
        ASSERT_TRUE(m.accept(taken.back()));
      }
      taken.pop_back();  // the end token
      ASSERT_EQ(taken, own(text(taken))) << schema << '\n' << text(taken);
    }
  }
}

}  // namespace
}  // namespace espalier::guide
