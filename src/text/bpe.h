// Byte-pair encoding of one word, byte by byte: every byte is a token, and merges join them.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/token.h"
#include "text/merge_symbols.h"
#include "text/merge_table.h"

namespace espalier::text {

class Bpe {
 public:
  static constexpr base::TokenId no_token = -1;
  using Workspace = MergeWorkspace;

  // What becomes of a byte that has no token.
  struct Unknown {
    base::TokenId token = no_token;  // no_token: it is left out, as tokenizers does
    bool fuse = false;               // a run of them is one token
  };

  Bpe() { byte_tokens_.fill(no_token); }

  // byte_tokens[b] is the token of the one byte b, no_token where the vocabulary has none.
  explicit Bpe(const std::array<base::TokenId, 256>& byte_tokens) : byte_tokens_(byte_tokens) {}
  Bpe(const std::array<base::TokenId, 256>& byte_tokens, MergeTable merges, Unknown unknown)
      : byte_tokens_(byte_tokens), merges_(std::move(merges)), unknown_(unknown) {}

  // As MergeTable::add.
  void add_merge(base::TokenId left, base::TokenId right, std::uint32_t rank,
                 base::TokenId merged) {
    merges_.add(left, right, rank, merged);
  }

  // Appends the tokens of `word` (shorter than 2^32 - 1 bytes). Where a byte is left out, its
  // neighbours become each other's. O(n log n) for n bytes.
  void encode(std::string_view word, Workspace& workspace, std::vector<base::TokenId>& out) const;

  // The bytes that encode leaves out.
  std::bitset<256> missing_bytes() const noexcept;

 private:
  std::array<base::TokenId, 256> byte_tokens_;
  MergeTable merges_;
  Unknown unknown_;
};

}  // namespace espalier::text
