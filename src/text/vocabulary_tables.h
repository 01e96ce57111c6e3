// What a Tokenizer looks things up in, made from a VocabularyData after every entry is checked.
#pragma once

#include <bitset>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "text/bpe.h"
#include "text/pre_tokenizer.h"
#include "text/special_tokens.h"
#include "text/vocabulary.h"

namespace espalier::text {

struct VocabularyTables {
  PreTokenizer pre_tokenizer;
  Bpe bpe;
  std::bitset<256> missing_bytes;
  SpecialTokens special;
  bool has_user_defined = false;

  std::string bytes;                // of all tokens, one behind the other
  std::vector<std::size_t> starts;  // token id is bytes[starts[id], starts[id + 1])
  std::vector<TokenKind> kinds;

  std::size_t size() const noexcept { return kinds.size(); }
  std::string_view token_bytes(base::TokenId id) const noexcept {
    return std::string_view(bytes).substr(starts[id], starts[id + 1] - starts[id]);
  }
};

// Throws InvalidFile naming what is wrong, and where.
VocabularyTables make_tables(const VocabularyData& data);

// Control, unknown and unused tokens are no text.
constexpr bool is_special(TokenKind kind) noexcept {
  return kind == TokenKind::control || kind == TokenKind::unknown || kind == TokenKind::unused;
}

}  // namespace espalier::text
