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
#include "guide/token_mask.h"
#include "guide/token_trie.h"

namespace espalier::guide {

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

  std::shared_ptr<const Guide> guide_;
  std::shared_ptr<const TokenTrie> trie_;
  std::vector<Shared> history_;  // before the first token, behind the first, …
  bool finished_ = false;
};

}  // namespace espalier::guide
