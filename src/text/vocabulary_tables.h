// What a Tokenizer looks things up in, made from a VocabularyData after every entry is checked.
#pragma once

#include <bitset>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/token.h"
#include "text/bpe.h"
#include "text/character_bpe.h"
#include "text/pre_tokenizer.h"
#include "text/special_tokens.h"
#include "text/text_rules.h"
#include "text/token_texts.h"
#include "text/vocabulary.h"

namespace espalier::text {

struct VocabularyTables {
  // What an added token obeys beside its place in the trie.
  struct Strip {
    bool left = false;
    bool right = false;
  };

  TextRules text_rules;
  std::optional<PrefixRule> prefix;
  PreTokenizer pre_tokenizer;

  // One of the two encodes words.
  Bpe bpe;
  std::optional<CharacterBpe> characters;
  bool finds_words = false;               // characters' own, instead of the pre-tokeniser's
  std::optional<TokenIndex> whole_words;  // of bytes: words that are tokens whatever merges say
  bool finds_whole_words = false;         // of either kind
  std::bitset<256> missing_bytes;

  SpecialTokens special;             // found in the text as it is given
  SpecialTokens normalised_special;  // found behind the text rules
  bool has_normalised_special = false;
  bool has_user_defined = false;
  std::unordered_map<base::TokenId, Strip> strips;  // of the few that strip

  TokenTexts bytes;  // what each token stands for in a text
  std::vector<TokenKind> kinds;
  DecodeRules decode;

  std::size_t size() const noexcept { return kinds.size(); }
  std::string_view token_bytes(base::TokenId id) const noexcept { return bytes[id]; }
};

// Throws InvalidFile naming what is wrong, and where.
VocabularyTables make_tables(const VocabularyData& data);

// Control, unknown and unused tokens are no text.
constexpr bool is_special(TokenKind kind) noexcept {
  return kind == TokenKind::control || kind == TokenKind::unknown || kind == TokenKind::unused;
}

}  // namespace espalier::text
