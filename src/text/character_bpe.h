// Byte-pair encoding of one word, character by character, as SentencePiece's models need it: every
// character is a token, a character that is none falls back to the tokens of its bytes (<0xE2>),
// and where those are missing to the unknown token.
//
// What may be merged comes in one of two ways. A tokenizer.json lists pairs. A SentencePiece model
// in a GGUF file has a score for each token instead: two neighbours merge where their texts joined
// are a token, the highest score first. The pairs that transformers makes of the scores mean the
// same.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "text/bpe.h"
#include "text/merge_symbols.h"
#include "text/merge_table.h"
#include "text/space_mark.h"
#include "text/token_texts.h"

namespace espalier::text {

class CharacterBpe {
 public:
  static constexpr base::TokenId no_token = Bpe::no_token;

  struct Fallback {
    std::array<base::TokenId, 256> byte_tokens{};
    Bpe::Unknown unknown;
  };

  // `pieces` finds those of `texts` that text may become.
  CharacterBpe(TokenTexts texts, TokenIndex pieces, const Fallback& fallback);

  // One of the two, once.
  void merge_by_pairs(MergeTable merges) { merges_ = std::move(merges); }
  void merge_by_scores(const std::vector<float>& scores);

  // As Bpe::encode.
  void encode(std::string_view word, MergeWorkspace& workspace,
              std::vector<base::TokenId>& out) const;

  // The token that `word` is, whole, or no_token.
  base::TokenId whole(std::string_view word) const noexcept {
    return pieces_.find(texts_, word).value_or(no_token);
  }

  // Whether a text can be cut into words, encoded one by one, and nothing shows: where a space mark
  // stands behind another character, and no piece spans the two. Words are short and come again,
  // so their tokens can be remembered. Looks through all pieces; call it once, before each_word.
  bool find_words();

  // Calls on_word(begin, end) for these words.
  template <class OnWord>
  void each_word(std::string_view text, OnWord&& on_word) const {
    std::size_t begin = 0;
    for (std::size_t at = text.find(space_mark, 1); at != std::string_view::npos;
         at = text.find(space_mark, at + space_mark.size())) {
      const bool in_run = text.substr(0, at).ends_with(space_mark);
      if (in_run || spanned_[static_cast<std::uint8_t>(text[at - 1])]) continue;
      on_word(begin, at);
      begin = at;
    }
    if (begin < text.size()) on_word(begin, text.size());
  }

  const Fallback& fallback() const noexcept { return fallback_; }

 private:
  void push_unlisted(std::string_view character, std::size_t at, MergeWorkspace& workspace,
                     bool& unknown_waits, std::size_t& unknown_at) const;
  void look_up_score(std::string_view word, MergeWorkspace& workspace, std::uint32_t at) const;

  TokenTexts texts_;
  TokenIndex pieces_;
  Fallback fallback_;
  std::array<base::TokenId, 128> ascii_{};
  MergeTable merges_;
  // By token: its place in the order of scores, no_rank for one that no text becomes. Empty where
  // pairs say what is merged.
  std::vector<std::uint32_t> ranks_;
  // Last bytes of characters behind which a mark stands in some piece.
  std::bitset<256> spanned_;
};

}  // namespace espalier::text
