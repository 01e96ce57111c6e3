#include "framework/guide_constraint.h"

#include <fmt/format.h>

#include <utility>

#include "espalier/error.h"

namespace espalier::framework {
namespace {

// What a matcher says, or that its guide has come to a limit.
template <class Ask>
auto told(const Ask& ask) {
  try {
    return ask();
  } catch (const UnsupportedGuide& limit) {
    throw engine::ConstraintExhausted(limit.what());
  }
}

}  // namespace

GuideConstraint::GuideConstraint(std::shared_ptr<const guide::Guide> guide,
                                 std::shared_ptr<const guide::TokenTrie> trie)
    : matcher_(std::move(guide), trie), mask_(trie->vocabulary_size()) {}

std::span<const std::uint64_t> GuideConstraint::mask() {
  std::shared_ptr<const void> place = matcher_.place();
  if (!place || place != masked_) {
    masked_ = nullptr;
    told([&] { matcher_.mask(mask_); });
    masked_ = std::move(place);
  }
  return mask_.words();
}

void GuideConstraint::accept(base::TokenId token) {
  if (!told([&] { return matcher_.accept(token); })) {
    throw DecodingFailure(fmt::format("the guide does not allow token {} here", token));
  }
}

bool GuideConstraint::fits(base::TokenId token, std::size_t tokens) {
  return told([&] { return matcher_.fits(token, tokens); });
}

std::span<const std::uint64_t> GuideConstraint::mask_that_fits(std::size_t tokens) {
  masked_ = nullptr;
  told([&] { matcher_.mask_that_fits(mask_, tokens); });
  return mask_.words();
}

engine::TokenConstraint::Continuation GuideConstraint::continuation(std::size_t tokens) {
  auto [replaced, found] = told([&] { return matcher_.forced_tokens(); });
  continuation_ = std::move(found);
  if (continuation_.size() > replaced + tokens) {
    if (replaced > 0) return {};  // what was accepted must stay whole
    continuation_.resize(tokens);
  }
  matcher_.rollback(replaced);
  for (const base::TokenId token : continuation_) accept(token);
  return {replaced, continuation_};
}

}  // namespace espalier::framework
