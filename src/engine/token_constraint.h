// Who may say which tokens come next: the engine asks, somebody above it answers (a guide, say).
#pragma once

#include <cstdint>
#include <span>

#include "base/token.h"

namespace espalier::engine {

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
};

}  // namespace espalier::engine
