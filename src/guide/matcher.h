// One answer under way: which tokens may come next.
//
//   Matcher matcher(guide, trie);
//   while (!finished) {
//     matcher.mask(mask);                        // never empty
//     const TokenId token = sample(logits, mask);
//     matcher.accept(token);
//   }
//
// A copy costs a few pointers. A matcher is for one thread at a time; matchers of one guide are
// independent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "guide/guide.h"
#include "guide/token_trie.h"

namespace espalier::guide {

// A bit for each token of the vocabulary.
class TokenMask {
 public:
  explicit TokenMask(std::size_t vocabulary) : size_(vocabulary), words_((vocabulary + 63) / 64) {}

  bool allows(TokenId token) const {
    const auto at = static_cast<std::size_t>(token);
    return at < size_ && (words_[at / 64] >> (at % 64) & 1U) != 0;
  }
  void allow(TokenId token) {
    const auto at = static_cast<std::size_t>(token);
    words_[at / 64] |= std::uint64_t{1} << (at % 64);
  }
  void clear() { words_.assign(words_.size(), 0); }
  std::size_t count() const;
  std::size_t size() const noexcept { return size_; }
  const std::vector<std::uint64_t>& words() const noexcept { return words_; }
  std::vector<std::uint64_t>& words() noexcept { return words_; }
  bool operator==(const TokenMask&) const = default;

 private:
  std::size_t size_;
  std::vector<std::uint64_t> words_;
};

class Matcher {
 public:
  Matcher(std::shared_ptr<const Guide> guide, std::shared_ptr<const TokenTrie> trie);

  // The tokens that may come next: those whose bytes leave some allowed document possible, and the
  // end tokens where the document is complete.
  void mask(TokenMask& mask) const;

  // Takes a token. False, and nothing has changed, where the mask does not have it.
  bool accept(TokenId token);

  // Takes back the last `tokens` accepted ones. Throws InvalidArgument where there are fewer.
  void rollback(std::size_t tokens);

  // What was accepted is an allowed document (more may be possible: digits of a number).
  bool is_complete() const;
  // An end token was accepted.
  bool is_finished() const noexcept { return finished_; }

  // The bytes that must come next: the only way on, as far as there is only one. That a character
  // could be written as an escape instead makes no second way: the document would be the same.
  std::string forced_bytes() const;

  std::size_t accepted() const noexcept { return history_.size() - 1; }

 private:
  using Shared = std::shared_ptr<const Configurations>;

  void mask_text(Guide::Use& machine, const Configuration& at, TokenMask& mask) const;
  struct Part {  // of a trie's nodes
    std::size_t begin;
    std::size_t end;
  };
  void walk(Guide::Use& machine, const TokenTrie& trie, Configurations from, Part part,
            TokenMask& mask) const;
  bool read(Configurations& at, std::string_view bytes) const;

  std::shared_ptr<const Guide> guide_;
  std::shared_ptr<const TokenTrie> trie_;
  std::vector<Shared> history_;  // before the first token, behind the first, …
  bool finished_ = false;
};

}  // namespace espalier::guide
