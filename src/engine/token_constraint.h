// Who may say which tokens come next: the engine asks, somebody above it answers (a guide, say).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>

#include "base/token.h"

namespace espalier::engine {

// A constraint has come to a limit of its own: it cannot tell any more what may come next.
class ConstraintExhausted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Each question may throw ConstraintExhausted: the answer is cut then, as by any limit, and nothing
// more is asked.
class TokenConstraint {
 public:
  TokenConstraint() = default;
  virtual ~TokenConstraint() = default;
  TokenConstraint(const TokenConstraint&) = delete;
  TokenConstraint& operator=(const TokenConstraint&) = delete;

  // The tokens that may come next, token t as bit t % 64 of word t / 64; those behind the last word
  // may not. At least one, as long as none of them has ended the answer. Valid until the next call.
  virtual std::span<const std::uint64_t> mask() = 0;

  // Takes a token that the last mask allowed, stop tokens as well.
  virtual void accept(base::TokenId token) = 0;

  // Whether an answer that goes on with `token` can be ended with `tokens` more behind it, as far
  // as that is known; a stop token that nothing else could stand for does not count.
  virtual bool fits(base::TokenId /*token*/, std::size_t /*tokens*/) { return true; }

  // Of the last mask's tokens those that fit so; where there are none, those that come nearest.
  virtual std::span<const std::uint64_t> mask_that_fits(std::size_t /*tokens*/) { return mask(); }

  // Tokens to go on with unasked: the last `replaced` ones that were accepted spelled anew, and
  // what can only come behind them. The constraint has taken them. Valid until the next call.
  struct Continuation {
    std::size_t replaced = 0;
    std::span<const base::TokenId> tokens = {};
  };
  // At most `tokens` more than it replaces.
  virtual Continuation continuation(std::size_t /*tokens*/) { return {}; }
};

}  // namespace espalier::engine
