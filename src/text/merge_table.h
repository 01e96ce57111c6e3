// Which two tokens make a third, and how early: the merges of a vocabulary, by pair.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/token.h"
#include "text/flat_map.h"
#include "text/merge_symbols.h"

namespace espalier::text {

class MergeTable {
 public:
  explicit MergeTable(std::size_t expected = 0) : merges_(expected) {}

  // `rank` is the merge's place in the file. Of two merges of one pair the later one stands.
  void add(base::TokenId left, base::TokenId right, std::uint32_t rank, base::TokenId merged) {
    merges_[pair_key(left, right)] = {rank, merged};
  }

  // What merge_symbols asks for.
  void look_up(MergeWorkspace& workspace, std::uint32_t at) const noexcept {
    MergeWorkspace::Symbol& symbol = workspace.symbols[at];
    const base::TokenId right = workspace.symbols[symbol.right].token;
    if (const Merge* merge = merges_.find(pair_key(symbol.token, right))) {
      symbol.rank = merge->rank;
      symbol.merged = merge->token;
    }
  }

 private:
  struct Merge {
    std::uint32_t rank = 0;
    base::TokenId token = 0;
  };

  static std::uint64_t pair_key(base::TokenId left, base::TokenId right) noexcept {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
           static_cast<std::uint32_t>(right);
  }

  FlatMap<Merge> merges_;
};

}  // namespace espalier::text
