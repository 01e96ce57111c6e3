// One answer under way: which tokens may come next.
//
//   Matcher matcher(guide, trie);
//   while (!finished) {
//     matcher.mask(mask);                        // never empty
//     const TokenId token = sample(logits, mask);
//     matcher.accept(token);
//     const auto [replaced, tokens] = matcher.forced_tokens();
//     matcher.rollback(replaced);
//     for (const TokenId next : tokens) matcher.accept(next);
//   }
//
// Automata grow as they are walked: what asks for more than GuideLimits allow throws
// UnsupportedGuide, in the middle of an answer, and leaves the matcher as it was.
//
// A copy costs a few pointers. A matcher is for one thread at a time; matchers of one guide are
// independent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

  // Takes back the last `tokens` accepted ones. Throws InvalidArgument where there are fewer, or
  // where they are more than most_rollback: what lies further back is forgotten.
  static constexpr std::size_t most_rollback = 1024;
  void rollback(std::size_t tokens);

  // What was accepted is an allowed document (more may be possible: digits of a number).
  bool is_complete() const;
  // An end token was accepted.
  bool is_finished() const noexcept { return finished_; }

  // The bytes that must come next: the only way on, as far as there is only one. That a character
  // could be written as an escape instead makes no second way: the document would be the same.
  std::string forced_bytes() const;

  // The last tokens accepted, `replaced` many, spelled anew, and behind them what must come: the
  // tokens that the tokenizer gives the text, so that an answer which takes them always has its
  // text's own tokens. Tokens at the end are held back where a longer one that may come could begin
  // with their bytes.
  struct Forced {
    std::size_t replaced = 0;
    std::vector<TokenId> tokens;
  };
  Forced forced_tokens() const;

  // No more tokens than this can end the document, the end token counted where something else
  // could follow; Completion::endless where no way is known.
  std::size_t tokens_to_end() const;
  // Whether tokens_to_end() would be at most `tokens` behind `token`, which the mask has.
  bool fits(TokenId token, std::size_t tokens) const;
  // Of mask()'s tokens those that fit; where none does, those that come nearest.
  void mask_that_fits(TokenMask& mask, std::size_t tokens) const;

  std::size_t accepted() const noexcept { return history_.size() - 1; }

  // Two places that are the same have the same masks, as most do along a free text; null behind the
  // end. To be held as long as it is compared with.
  std::shared_ptr<const void> place() const {
    return finished_ ? nullptr : std::shared_ptr<const void>(history_.back().at);
  }

 private:
  struct State {                               // before the first token, behind the first, …
    std::shared_ptr<const Configurations> at;  // null: forgotten
    TokenId token;
  };

  const Configurations& here() const { return *history_.back().at; }
  bool is_end(TokenId token) const;
  void take(TokenId token, std::shared_ptr<const Configurations> at);
  std::shared_ptr<const Configurations> behind(Guide::Use& machine, TokenId token) const;
  void find_ends(Guide::Use& machine, const Configuration& at, std::size_t tokens,
                 std::vector<std::size_t>& ends) const;
  std::string force(Guide::Use& machine, Configurations& at) const;
  std::size_t settled(Guide::Use& machine, const Configurations& at, std::string_view forced) const;
  std::string last_bytes(std::size_t tokens) const;
  std::size_t last_tokens_of(std::size_t bytes) const;
  std::optional<Forced> spelled(std::size_t last, std::string_view forced, std::size_t sure) const;

  std::shared_ptr<const Guide> guide_;
  std::shared_ptr<const TokenTrie> trie_;
  std::vector<State> history_;
  // Where the token that fits() was last asked of would lead: accept() is asked of it next.
  mutable State foreseen_{nullptr, -1};
  bool finished_ = false;
};

}  // namespace espalier::guide
