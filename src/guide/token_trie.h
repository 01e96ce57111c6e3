// A vocabulary's texts as a tree of bytes, in the order of a walk that goes deep first.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "guide/code_points.h"
#include "text/tokenizer.h"

namespace espalier::guide {

using base::TokenId;

class TokenTrie {
 public:
  // One byte of one or several tokens.
  struct Node {
    std::uint8_t byte;
    std::uint16_t depth;        // of the byte in its tokens, from 0
    std::uint32_t next;         // the node behind this one and all below it
    std::uint32_t parent;       // no_node for a first byte
    std::uint32_t first_token;  // tokens that end here: tokens_[first_token] up to the next node's
  };

  static constexpr std::uint32_t no_node = ~std::uint32_t{0};

  // `texts` by token id; tokens with an empty text are no text and never allowed for it.
  explicit TokenTrie(const std::vector<std::string>& texts);

  // Tokens whose text is a few characters of one class only, and all other tokens. Inside a string,
  // where no such text can be wrong, the first are known by one mask, and only the others are
  // walked.
  struct Slice {
    CodePoints characters;
    std::uint32_t longest = 0;        // characters of a token
    std::vector<std::uint64_t> mask;  // a bit for each token of the class
    std::shared_ptr<const TokenTrie> others;
  };
  // The widest class first.
  std::span<const Slice> slices() const noexcept { return slices_; }

  // With slices and tokens that end an answer, whose texts are never text.
  static std::shared_ptr<const TokenTrie> of_texts(std::vector<std::string> texts,
                                                   std::vector<TokenId> end_tokens);

  // The tokens of a tokenizer that stand for text. Special ones never do, whatever they spell.
  static std::shared_ptr<const TokenTrie> of(const text::Tokenizer& tokenizer,
                                             std::vector<TokenId> end_tokens);

  std::span<const Node> nodes() const noexcept { return {nodes_.data(), nodes_.size() - 1}; }
  std::span<const TokenId> tokens(std::size_t node) const noexcept {
    const std::uint32_t begin = nodes_[node].first_token;
    return {tokens_.data() + begin, nodes_[node + 1].first_token - begin};
  }
  // The bytes of the nodes from the first one down to `node`.
  std::string bytes_up_to(std::uint32_t node) const;

  // The tokens that `text` begins with, the shortest first.
  std::vector<TokenId> beginnings(std::string_view text) const;

  const std::string& text(TokenId token) const { return texts_[static_cast<std::size_t>(token)]; }
  std::uint32_t longest() const noexcept { return longest_; }  // bytes of a token
  std::size_t vocabulary_size() const noexcept { return texts_.size(); }
  std::span<const TokenId> end_tokens() const noexcept { return end_tokens_; }

 private:
  void make_slices();
  void make_slice(const CodePoints& characters, std::size_t length);

  std::vector<std::string> texts_;
  std::vector<Node> nodes_;  // and one behind the last
  std::vector<TokenId> tokens_;
  std::uint32_t longest_ = 0;
  std::vector<TokenId> end_tokens_;
  std::vector<Slice> slices_;
};

}  // namespace espalier::guide
