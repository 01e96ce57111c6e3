#include "framework/guide_constraint.h"

#include <fmt/format.h>

#include <utility>

#include "espalier/error.h"

namespace espalier::framework {

GuideConstraint::GuideConstraint(std::shared_ptr<const guide::Guide> guide,
                                 std::shared_ptr<const guide::TokenTrie> trie)
    : matcher_(std::move(guide), trie), mask_(trie->vocabulary_size()) {}

std::span<const std::uint64_t> GuideConstraint::mask() {
  matcher_.mask(mask_);
  return mask_.words();
}

void GuideConstraint::accept(base::TokenId token) {
  if (!matcher_.accept(token)) {
    throw DecodingFailure(fmt::format("the guide does not allow token {} here", token));
  }
}

}  // namespace espalier::framework
