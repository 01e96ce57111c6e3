// A vocabulary, arranged for the questions that masks ask of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guide/code_points.h"
#include "guide/string_masks.h"
#include "guide/token_tails.h"
#include "text/tokenizer.h"

namespace espalier::guide {

class TokenTrie {
 public:
  // Tokens whose text is a few characters of one class only, and all other tokens. Inside a string,
  // where no such text can be wrong, the first are known by one mask, and only the others are
  // walked.
  struct Slice {
    CodePoints characters;
    std::uint32_t longest = 0;        // characters of a token
    std::vector<std::uint64_t> mask;  // a bit for each token of the class
    TailedTree others;
  };

  // Between the values of a document, where blanks may stand.
  struct Structure {
    static constexpr std::uint32_t few_blanks = 16;

    struct Blanks {
      std::uint32_t count;
      TokenId token;
    };
    std::vector<Blanks> blanks;  // tokens of blanks only, the shortest first
    // Tokens that can go on a document there: without the few blanks in front of them, and
    TailedTree tree;
    std::vector<TokenId> indented;  // those that have more
  };

  // Gives a text its tokens.
  using Encode = std::function<std::vector<TokenId>(std::string_view)>;

  // Tokens' texts by id, and tokens that end an answer, whose texts are never text. Tokens with an
  // empty text are never allowed for it.
  static std::shared_ptr<const TokenTrie> of_texts(std::vector<std::string> texts,
                                                   std::vector<TokenId> end_tokens,
                                                   Encode encode = {});

  // The tokens of a tokenizer, which must outlive the trie, that stand for text. Special ones never
  // do, whatever they spell.
  static std::shared_ptr<const TokenTrie> of(const text::Tokenizer& tokenizer,
                                             std::vector<TokenId> end_tokens);

  TokenTrie(const TokenTrie&) = delete;  // trees hold views of texts_
  TokenTrie& operator=(const TokenTrie&) = delete;

  const TailedTree& tree() const noexcept { return tree_; }
  const TokenTails& tails() const noexcept { return tails_; }
  const Structure& structure() const noexcept { return structure_; }
  // The widest class first.
  std::span<const Slice> slices() const noexcept { return slices_; }
  const FreeStringMasks& free_string_masks() const noexcept { return free_string_masks_; }

  // The tokens that the tokenizer gives a text inside an answer; none where they would not be that
  // text, byte for byte, or nobody said how texts are encoded.
  std::vector<TokenId> own_tokens(std::string_view text) const;

  // The tokens that `text` begins with, the shortest first.
  std::vector<TokenId> beginnings(std::string_view text) const;

  const std::string& text(TokenId token) const { return texts_[static_cast<std::size_t>(token)]; }
  std::uint32_t longest() const noexcept { return tree_.tree().longest(); }  // bytes of a token
  std::size_t vocabulary_size() const noexcept { return texts_.size(); }
  std::span<const TokenId> end_tokens() const noexcept { return end_tokens_; }

 private:
  TokenTrie(std::vector<std::string> texts, std::vector<TokenId> end_tokens, Encode encode);

  std::vector<TokenText> sorted_texts() const;
  void make_slices(std::span<const TokenText> texts);
  Structure find_structure(std::span<const TokenText> texts);

  std::vector<std::string> texts_;
  std::vector<TokenId> end_tokens_;
  TokenTails tails_;
  TailedTree tree_;
  Structure structure_;
  std::vector<Slice> slices_;
  FreeStringMasks free_string_masks_;
  Encode encode_;
};

}  // namespace espalier::guide
