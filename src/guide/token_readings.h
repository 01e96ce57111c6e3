// Texts as tokens, for tests of guides: as the tokenizer divides them, and in other ways that spell
// the same bytes. A model may write any of them.
//
//   TokenReadings readings(tokenizer, trie, seed);
//   for (const TokenId token : readings.random(readings.encodable(text))) …
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "guide/token_trie.h"
#include "text/tokenizer.h"

namespace espalier::guide {

class TokenReadings {
 public:
  // The tokenizer must outlive this. `trie` is of its tokens. The same seed gives the same tokens
  // on every machine.
  TokenReadings(const text::Tokenizer& tokenizer, std::shared_ptr<const TokenTrie> trie,
                std::uint64_t seed)
      : tokenizer_(tokenizer), trie_(std::move(trie)), random_(seed) {}

  // `json` with the characters escaped that the vocabulary cannot spell: all that JSON allows can
  // be read.
  std::string encodable(std::string json) const;

  std::vector<TokenId> own(const std::string& text) const;
  // Throws InvalidArgument where no token begins with a byte of the text.
  std::vector<TokenId> random(const std::string& text);

 private:
  std::uint64_t draw(std::uint64_t below);

  const text::Tokenizer& tokenizer_;
  std::shared_ptr<const TokenTrie> trie_;
  std::uint64_t random_;
};

}  // namespace espalier::guide
