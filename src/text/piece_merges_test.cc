#include "text/piece_merges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "espalier/error.h"
#include "text/tokenizer.h"
#include "text/vocabulary_testing.h"

namespace espalier::text {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

VocabularyData with_pairs(VocabularyData data) {
  data.merge_pairs = merges_of_scores(data);
  data.scores.clear();
  return data;
}

std::vector<std::string> spelled(const VocabularyData& data) {
  std::vector<std::string> all;
  for (const MergePair& pair : data.merge_pairs) {
    all.push_back(data.tokens[static_cast<std::size_t>(pair.left)] + "|" +
                  data.tokens[static_cast<std::size_t>(pair.right)]);
  }
  return all;
}

TEST(PieceMerges, TheHighestScoreComesFirstAndThenTheLongestLeftSide) {
  VocabularyData data = sentence_piece_of_words({});
  for (const char* token : {"a", "b", "ab", "aba"}) data.tokens.emplace_back(token);
  data.kinds.resize(data.tokens.size(), TokenKind::normal);
  data.scores.assign(data.tokens.size(), -10);
  data.scores[data.tokens.size() - 1] = -1;
  data.scores[data.tokens.size() - 2] = -2;
  data.tokens.emplace_back("ba");
  data.kinds.push_back(TokenKind::normal);
  data.scores.push_back(-3);
  EXPECT_THAT(spelled(with_pairs(data)), ::testing::ElementsAre("ab|a", "a|ba", "a|b", "b|a"));
}

// The words' tokens are made of each other in one way only, as far as a text can tell.
RC_GTEST_PROP(PieceMerges, PairsGiveTheTokensThatScoresGive, ()) {
  const VocabularyData scored = sentence_piece_of_words({" the", "ing", " sing", " thing"});
  VocabularyData again = with_pairs(scored);
  const Tokenizer by_scores(scored), by_pairs(again);
  again.scores = scores_of_merges(again);
  again.merge_pairs.clear();
  const Tokenizer by_scores_again(again);
  const auto text = *rc::gen::container<std::string>(
      rc::gen::element(' ', 't', 'h', 'e', 'i', 'n', 'g', 's', 'x'));
  RC_ASSERT(by_pairs.encode(text) == by_scores.encode(text));
  RC_ASSERT(by_scores_again.encode(text) == by_scores.encode(text));
}

TEST(PieceMerges, PairsInAnotherOrderHaveNoScores) {
  VocabularyData data = with_pairs(sentence_piece_of_words({"abc", "bc"}));
  // a|b, ab|c and a|bc, b|c: the cuts of abc are torn apart.
  ASSERT_EQ(spelled(data), (std::vector<std::string>{"a|b", "ab|c", "a|bc", "b|c"}));
  std::swap(data.merge_pairs[2], data.merge_pairs[3]);
  EXPECT_THAT([&] { scores_of_merges(data); },
              ThrowsMessage<InvalidFile>(HasSubstr("the merge of 'a' and 'bc' comes late")));
  data.merge_pairs.pop_back();
  EXPECT_THAT([&] { scores_of_merges(data); },
              ThrowsMessage<InvalidFile>(HasSubstr("the merge of 'a' and 'bc' is missing")));
}

}  // namespace
}  // namespace espalier::text
