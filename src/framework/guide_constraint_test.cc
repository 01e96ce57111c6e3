// What a constraint gives the engine of what a guide forces, and that it never exceeds what is
// asked.
#include "framework/guide_constraint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "espalier/error.h"
#include "text/vocabulary_testing.h"

namespace espalier::framework {
namespace {

using base::TokenId;

class GuideConstraintTest : public ::testing::Test {
 protected:
  const text::Tokenizer tokenizer_{text::vocabulary_of_words(
      {"{\"", "\":\"", "\",\"", "\":", "name", "size", "leaf", " of", " a"}, "gpt2")};
  const std::shared_ptr<const guide::TokenTrie> trie_ = guide::TokenTrie::of(tokenizer_, {2});

  std::vector<TokenId> own(std::string_view text) const { return tokenizer_.encode(text); }

  // Under the schema, once `begun` is accepted.
  std::unique_ptr<GuideConstraint> constraint(const std::string& schema,
                                              std::string_view begun = "",
                                              const guide::GuideLimits& limits = {}) const {
    const auto document = base::JsonDocument::parse("schema", schema);
    auto made = std::make_unique<GuideConstraint>(
        guide::Guide::of_schema(document.root(), guide::answer_options, limits), trie_);
    for (const TokenId token : own(begun)) made->accept(token);
    return made;
  }
};

const std::string leaf = R"({"const":"leaf of a size"})";
const std::string name_and_size = R"({"type":"object","additionalProperties":false,
    "properties":{"name":{"type":"string"},"size":{"type":"integer"}},"required":["name","size"]})";

TEST_F(GuideConstraintTest, WhatMustComeIsGivenInAsManyStepsAsThereIsRoomFor) {
  const std::vector<TokenId> all = own(R"("leaf of a size")");
  for (std::size_t room = 1; room <= all.size() + 1; ++room) {
    const auto guided = constraint(leaf);
    std::vector<TokenId> taken;
    while (taken.size() < all.size()) {
      const auto [replaced, tokens] = guided->continuation(room);
      ASSERT_EQ(replaced, 0U);
      ASSERT_EQ(tokens.size(), std::min(room, all.size() - taken.size()));
      taken.insert(taken.end(), tokens.begin(), tokens.end());
    }
    EXPECT_EQ(taken, all);
  }
}

TEST_F(GuideConstraintTest, WithoutRoomNothingChanges) {
  const auto guided = constraint(leaf);
  EXPECT_TRUE(guided->continuation(0).tokens.empty());
  EXPECT_EQ(guided->continuation(1).tokens.front(), own("\"").front());
  // Spelled anew, the quote and what must come behind it are more tokens than there is room for.
  const auto ended = constraint(name_and_size, R"({"name":"Bo)");
  ended->accept(own("\"").front());
  EXPECT_TRUE(ended->continuation(0).tokens.empty());
  EXPECT_EQ(ended->continuation(0).replaced, 0U);
  const auto [replaced, tokens] = ended->continuation(100);
  EXPECT_EQ(replaced, 1U);
  EXPECT_TRUE(std::ranges::equal(tokens, own(R"(","size":)")));
}

// Masks of places that are alike are not made again, and a token that was found to fit is not read
// again.
TEST_F(GuideConstraintTest, WhatItSaysIsWhatAFreshMatcherSays) {
  const auto document = base::JsonDocument::parse(
      "schema", R"({"type":"object","properties":{"name":{"type":"string","maxLength":9}},
                   "additionalProperties":{"type":["string","array"],"uniqueItems":true,
                   "items":{"type":"string"}}})");
  const auto guide = guide::Guide::of_schema(document.root(), guide::answer_options);
  guide::TokenMask expected(trie_->vocabulary_size());
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    GuideConstraint guided(guide, trie_);
    std::vector<TokenId> taken;
    for (int step = 0; step < 30; ++step) {
      if (random() % 4 == 0) guided.mask_that_fits(random() % 12);
      guide::Matcher fresh(guide, trie_);
      for (const TokenId token : taken) ASSERT_TRUE(fresh.accept(token));
      fresh.mask(expected);
      ASSERT_TRUE(std::ranges::equal(guided.mask(), expected.words()));
      std::vector<TokenId> allowed;
      expected.each([&](TokenId token) { allowed.push_back(token); });
      if (allowed.empty()) break;
      const TokenId token = allowed[random() % allowed.size()];
      for (auto i = random() % 3; i > 0; --i) {
        const TokenId asked = random() % 2 == 0 ? token : allowed[random() % allowed.size()];
        const std::size_t room = random() % 12;
        ASSERT_EQ(guided.fits(asked, room), fresh.fits(asked, room));
      }
      guided.accept(token);
      taken.push_back(token);
    }
  }
}

TEST_F(GuideConstraintTest, AGuideThatMayNotGrowAnyMoreIsExhausted) {
  const guide::GuideLimits limits{.terms = 256};
  const auto guided = constraint(R"({"type":"string","pattern":"^[a-z]{1,500}$"})", "\"", limits);
  const auto write = [&] {
    for (int i = 0; i < 500; ++i) {
      guided->mask();
      guided->accept(own("a").front());
    }
  };
  EXPECT_THROW(write(), engine::ConstraintExhausted);
  EXPECT_THROW(guided->mask(), engine::ConstraintExhausted) << "and stays so";
}

TEST_F(GuideConstraintTest, ATokenThatTheGuideDoesNotAllowIsAFailure) {
  EXPECT_THROW(constraint(leaf)->accept(own("{").front()), DecodingFailure);
}

}  // namespace
}  // namespace espalier::framework
