// The loop of byte-pair encoding: of all pairs of neighbours that can be merged, the one with the
// lowest rank is, the leftmost on ties, until none is left (Sennrich et al. 2016; the order is that
// of Hugging Face's tokenizers and of SentencePiece).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "base/token.h"

namespace espalier::text {

// What one word is merged in; kept between words, it saves the allocations.
struct MergeWorkspace {
  static constexpr std::uint32_t no_rank = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

  // A token of the word, in a list from left to right, and the merge with its right neighbour.
  struct Symbol {
    base::TokenId token;
    std::uint32_t begin;  // its first byte in the word
    std::uint32_t left;
    std::uint32_t right;
    std::uint32_t rank;  // no_rank: no such merge, or this symbol is gone into its left one
    base::TokenId merged;
  };

  std::vector<Symbol> symbols;
  std::vector<std::uint64_t> queue;  // rank above, position below: the smallest goes first

  void clear() {
    symbols.clear();
    queue.clear();
  }

  // Puts a token behind those that are there.
  void push(base::TokenId token, std::size_t begin) {
    const auto at = static_cast<std::uint32_t>(symbols.size());
    symbols.push_back({token, static_cast<std::uint32_t>(begin), at - 1, at + 1, no_rank, token});
  }

  // Where the symbol at `at` ends in a word of `size` bytes from which nothing was left out.
  std::size_t end_of(std::uint32_t at, std::size_t size) const noexcept {
    const std::uint32_t right = symbols[at].right;
    return right == nowhere ? size : symbols[right].begin;
  }
};

// Merges what was pushed and appends the tokens that are left. look_up(at) sets the rank and result
// of the merge of the symbol at `at` with its right neighbour, which exists; it leaves no_rank
// where there is none. O(n log n) for n symbols.
template <class LookUp>
void merge_symbols(MergeWorkspace& workspace, LookUp&& look_up, std::vector<base::TokenId>& out) {
  auto& symbols = workspace.symbols;
  auto& queue = workspace.queue;
  constexpr auto lowest_first = std::greater<>{};
  constexpr std::uint32_t nowhere = MergeWorkspace::nowhere;
  if (symbols.empty()) return;
  symbols.front().left = nowhere;
  symbols.back().right = nowhere;

  // Whether the symbol at `at` has a merge now, which then is in the queue.
  const auto enqueue = [&](std::uint32_t at) {
    symbols[at].rank = MergeWorkspace::no_rank;
    if (symbols[at].right == nowhere) return false;
    look_up(at);
    if (symbols[at].rank == MergeWorkspace::no_rank) return false;
    queue.push_back(static_cast<std::uint64_t>(symbols[at].rank) << 32 | at);
    return true;
  };

  for (std::uint32_t at = 0; at < symbols.size(); ++at) enqueue(at);
  std::make_heap(queue.begin(), queue.end(), lowest_first);

  // An entry goes stale when one of its symbols is merged with another. What takes the pair's place
  // has an entry of its own, so an entry of another rank is stale; one of the same rank stands for
  // the same place in the order.
  while (!queue.empty()) {
    std::pop_heap(queue.begin(), queue.end(), lowest_first);
    const auto rank = static_cast<std::uint32_t>(queue.back() >> 32);
    const auto at = static_cast<std::uint32_t>(queue.back());
    queue.pop_back();
    MergeWorkspace::Symbol& symbol = symbols[at];
    if (symbol.rank != rank) continue;

    MergeWorkspace::Symbol& gone = symbols[symbol.right];
    symbol.token = symbol.merged;
    symbol.right = gone.right;
    gone.rank = MergeWorkspace::no_rank;
    if (symbol.right != nowhere) symbols[symbol.right].left = at;

    for (const std::uint32_t changed : {symbol.left, at}) {
      if (changed != nowhere && enqueue(changed)) {
        std::push_heap(queue.begin(), queue.end(), lowest_first);
      }
    }
  }
  for (std::uint32_t at = 0; at != nowhere; at = symbols[at].right) {
    out.push_back(symbols[at].token);
  }
}

}  // namespace espalier::text
