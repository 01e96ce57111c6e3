// Byte-pair encoding of one word: of all pairs of neighbours that the merges know, the one with the
// lowest rank is joined, the leftmost on ties, until none is left (Sennrich et al. 2016; the order
// is that of Hugging Face's tokenizers).
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "text/flat_map.h"

namespace espalier::text {

class Bpe {
 public:
  static constexpr base::TokenId no_token = -1;

  // What encode works in; kept between calls, it saves the allocations.
  class Workspace {
    friend class Bpe;

    static constexpr std::uint32_t no_rank = std::numeric_limits<std::uint32_t>::max();
    static constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

    // A token of the word, in a list from left to right, and the merge with its right neighbour.
    struct Symbol {
      base::TokenId token;
      std::uint32_t left;
      std::uint32_t right;
      std::uint32_t rank;  // no_rank: no such merge, or this symbol is gone into its left one
      base::TokenId merged;
    };

    std::vector<Symbol> symbols;
    std::vector<std::uint64_t> queue;  // rank above, position below: the smallest goes first
  };

  // byte_tokens[b] is the token of the one byte b, no_token where the vocabulary has none.
  explicit Bpe(const std::array<base::TokenId, 256>& byte_tokens) : byte_tokens_(byte_tokens) {}

  // `rank` is the merge's place in the file. Of two merges of one pair the later one stands.
  void add_merge(base::TokenId left, base::TokenId right, std::uint32_t rank, base::TokenId merged);

  // Appends the tokens of `word` (shorter than 2^32 - 1 bytes). Bytes without a token are left out,
  // and their neighbours become each other's, as tokenizers does where there is no unknown token.
  // O(n log n) for n bytes.
  void encode(std::string_view word, Workspace& workspace, std::vector<base::TokenId>& out) const;

  std::bitset<256> missing_bytes() const noexcept;

 private:
  struct Merge {
    std::uint32_t rank = 0;
    base::TokenId token = no_token;
  };

  void look_up_merge(Workspace& workspace, std::uint32_t at) const;

  std::array<base::TokenId, 256> byte_tokens_;
  FlatMap<Merge> merges_;
};

}  // namespace espalier::text
