// A guide as the engine's constraint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/token.h"
#include "engine/token_constraint.h"
#include "guide/guide.h"
#include "guide/matcher.h"
#include "guide/token_trie.h"

namespace espalier::framework {

class GuideConstraint : public engine::TokenConstraint {
 public:
  // The trie's end tokens are to be the tokens that end the answer. All members throw
  // ConstraintExhausted where the guide may not grow any more (guide/limits.h).
  GuideConstraint(std::shared_ptr<const guide::Guide> guide,
                  std::shared_ptr<const guide::TokenTrie> trie);

  std::span<const std::uint64_t> mask() override;
  // Throws DecodingFailure where the guide does not take the token.
  void accept(base::TokenId token) override;
  bool fits(base::TokenId token, std::size_t tokens) override;
  std::span<const std::uint64_t> mask_that_fits(std::size_t tokens) override;
  Continuation continuation(std::size_t tokens) override;

 private:
  guide::Matcher matcher_;
  guide::TokenMask mask_;
  std::shared_ptr<const void> masked_;  // the place of which mask_ is; null: of none
  std::vector<base::TokenId> continuation_;
};

}  // namespace espalier::framework
