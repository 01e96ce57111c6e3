#include "guide/matcher.h"

#include <algorithm>

#include "espalier/error.h"
#include "guide/mask_walk.h"

namespace espalier::guide {
namespace {

constexpr std::size_t most_forced = 4096;  // bytes in one go

bool any_complete(Guide::Use& machine, const Configurations& at) {
  return std::ranges::any_of(at,
                             [&](const Configuration& each) { return machine->complete(each); });
}

}  // namespace

Matcher::Matcher(std::shared_ptr<const Guide> guide, std::shared_ptr<const TokenTrie> trie)
    : guide_(std::move(guide)), trie_(std::move(trie)) {
  Guide::Use machine(*guide_);
  history_.push_back(std::make_shared<const Configurations>(1, machine->start()));
}

void Matcher::mask(TokenMask& mask) const {
  mask.clear();
  if (finished_) return;
  Guide::Use machine(*guide_);
  const Configurations& here = *history_.back();
  MaskWalk walk(machine, trie_);
  for (const Configuration& each : here) walk.allow(each, mask);
  if (any_complete(machine, here)) {
    for (const TokenId token : trie_->end_tokens()) mask.allow(token);
  }
}

bool Matcher::accept(TokenId token) {
  if (finished_ || token < 0 || static_cast<std::size_t>(token) >= trie_->vocabulary_size()) {
    return false;
  }
  if (std::ranges::find(trie_->end_tokens(), token) != trie_->end_tokens().end()) {
    if (!is_complete()) return false;
    history_.push_back(history_.back());
    finished_ = true;
    return true;
  }
  const std::string& bytes = trie_->text(token);
  if (bytes.empty()) return false;
  Configurations behind;
  {
    Guide::Use machine(*guide_);
    MaskWalk walk(machine, trie_);
    // Each way by itself, as mask() goes: were they to share one limit within a token, the ways of
    // one could crowd out the only one by which the mask has allowed it.
    for (const Configuration& each : *history_.back()) walk.read(each, bytes, behind);
  }
  keep_different(behind);
  if (behind.empty()) return false;
  history_.push_back(std::make_shared<const Configurations>(std::move(behind)));
  return true;
}

void Matcher::rollback(std::size_t tokens) {
  if (tokens > accepted()) {
    throw InvalidArgument("a matcher cannot take back more tokens than it accepted");
  }
  history_.resize(history_.size() - tokens);
  if (tokens > 0) finished_ = false;
}

bool Matcher::is_complete() const {
  Guide::Use machine(*guide_);
  return any_complete(machine, *history_.back());
}

std::string Matcher::forced_bytes() const {
  std::string forced;
  if (finished_) return forced;
  Guide::Use machine(*guide_);
  Configurations at = *history_.back();
  Configurations next;
  Configurations only;
  const auto is_text = [](const Configuration& each) { return each.place == Place::text; };
  while (forced.size() < most_forced && !any_complete(machine, at)) {
    int found = -1;
    bool several = false;
    const auto try_byte = [&](int byte) {
      next.clear();
      for (const Configuration& each : at)
        machine->step(each, static_cast<std::uint8_t>(byte), next);
      keep_different(next);
      if (next.empty()) return;
      several = found >= 0;
      found = byte;
      std::swap(only, next);
    };
    // Outside of documents a backslash is a character like others.
    const bool escapes = std::ranges::none_of(at, is_text);
    for (int byte = 0; byte < 256 && !several; ++byte) {
      if (byte != '\\' || !escapes) try_byte(byte);
    }
    if (found < 0 && escapes) try_byte('\\');
    if (several || found < 0) break;
    forced += static_cast<char>(found);
    std::swap(at, only);
  }
  return forced;
}

}  // namespace espalier::guide
