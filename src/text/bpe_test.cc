#include "text/bpe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <utility>

namespace espalier::text {
namespace {

using base::TokenId;
using testing::ElementsAre;

// The bytes 'a' to 'd' are the tokens 0 to 3.
std::array<TokenId, 256> four_bytes() {
  std::array<TokenId, 256> tokens;
  tokens.fill(Bpe::no_token);
  for (TokenId i = 0; i < 4; ++i) tokens['a' + i] = i;
  return tokens;
}

std::vector<TokenId> encode(const Bpe& bpe, std::string_view word) {
  Bpe::Workspace workspace;
  std::vector<TokenId> ids;
  bpe.encode(word, workspace, ids);
  return ids;
}

TEST(Bpe, TheLowestRankIsMergedFirst) {
  Bpe bpe(four_bytes());
  bpe.add_merge(0, 1, 1, 10);  // ab
  bpe.add_merge(1, 2, 0, 11);  // bc
  EXPECT_THAT(encode(bpe, "abc"), ElementsAre(0, 11));
}

TEST(Bpe, OfEqualRanksTheLeftmostIsMergedFirst) {
  Bpe bpe(four_bytes());
  bpe.add_merge(0, 0, 0, 10);
  EXPECT_THAT(encode(bpe, "aaaaa"), ElementsAre(10, 10, 0));
}

TEST(Bpe, TheLaterOfTwoMergesOfAPairStands) {
  Bpe bpe(four_bytes());
  bpe.add_merge(0, 1, 0, 10);
  bpe.add_merge(1, 2, 1, 11);
  bpe.add_merge(0, 1, 2, 10);
  EXPECT_THAT(encode(bpe, "abc"), ElementsAre(0, 11));
}

TEST(Bpe, NeighboursOfAMissingByteBecomeNeighbours) {
  Bpe bpe(four_bytes());
  bpe.add_merge(0, 1, 0, 10);
  EXPECT_THAT(encode(bpe, "aXb"), ElementsAre(10));
  EXPECT_THAT(encode(bpe, "XYZ"), ElementsAre());
  EXPECT_EQ(bpe.missing_bytes().count(), 252U);
}

// The definition, word for word: scan for the best pair, merge it, start again.
std::vector<TokenId> encode_plainly(
    const std::map<std::pair<TokenId, TokenId>, std::pair<std::uint32_t, TokenId>>& merges,
    std::vector<TokenId> ids) {
  while (true) {
    std::size_t best = ids.size();
    std::pair<std::uint32_t, TokenId> best_merge;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto found = merges.find({ids[i], ids[i + 1]});
      if (found == merges.end()) continue;
      if (best == ids.size() || found->second.first < best_merge.first) {
        best = i;
        best_merge = found->second;
      }
    }
    if (best == ids.size()) return ids;
    ids[best] = best_merge.second;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

RC_GTEST_PROP(Bpe, TheQueueMergesAsThePlainDefinitionDoes, ()) {
  Bpe bpe(four_bytes());
  std::map<std::pair<TokenId, TokenId>, std::pair<std::uint32_t, TokenId>> merges;
  const int count = *rc::gen::inRange(0, 40);
  for (int rank = 0; rank < count; ++rank) {
    const TokenId left = *rc::gen::inRange(0, 4 + rank);
    const TokenId right = *rc::gen::inRange(0, 4 + rank);
    const TokenId merged = 4 + rank;
    bpe.add_merge(left, right, static_cast<std::uint32_t>(rank), merged);
    merges[{left, right}] = {static_cast<std::uint32_t>(rank), merged};
  }
  const auto word = *rc::gen::container<std::string>(rc::gen::inRange('a', 'e'));
  std::vector<TokenId> bytes;
  for (const char c : word) bytes.push_back(c - 'a');
  RC_ASSERT(encode(bpe, word) == encode_plainly(merges, bytes));
}

}  // namespace
}  // namespace espalier::text
