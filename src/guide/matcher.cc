#include "guide/matcher.h"

#include <algorithm>

#include "espalier/error.h"
#include "guide/mask_walk.h"
#include "guide/tree_walk.h"

namespace espalier::guide {
namespace {

constexpr std::size_t unread = Completion::endless + 1;  // a token that cannot be read

bool any_complete(Guide::Use& machine, const Configurations& at) {
  return std::ranges::any_of(at,
                             [&](const Configuration& each) { return machine->complete(each); });
}

}  // namespace

Matcher::Matcher(std::shared_ptr<const Guide> guide, std::shared_ptr<const TokenTrie> trie)
    : guide_(std::move(guide)), trie_(std::move(trie)) {
  Guide::Use machine(*guide_);
  history_.push_back({std::make_shared<const Configurations>(1, machine->start()), -1});
}

void Matcher::mask(TokenMask& mask) const {
  mask.clear();
  if (finished_) return;
  Guide::Use machine(*guide_);
  MaskWalk walk(machine, trie_);
  for (const Configuration& each : here()) walk.allow(each, mask);
  if (any_complete(machine, here())) mask.allow_all(trie_->end_tokens());
}

bool Matcher::is_end(TokenId token) const {
  return std::ranges::find(trie_->end_tokens(), token) != trie_->end_tokens().end();
}

bool Matcher::accept(TokenId token) {
  if (finished_ || token < 0 || static_cast<std::size_t>(token) >= trie_->vocabulary_size()) {
    return false;
  }
  if (is_end(token)) {
    if (!is_complete()) return false;
    take(token, history_.back().at);
    finished_ = true;
    return true;
  }
  std::shared_ptr<const Configurations> next;
  if (foreseen_.token == token) {
    next = foreseen_.at;
  } else {
    Guide::Use machine(*guide_);
    next = behind(machine, token);
  }
  if (!next) return false;
  take(token, std::move(next));
  return true;
}

// Where a token of text leads; null where it cannot come.
std::shared_ptr<const Configurations> Matcher::behind(Guide::Use& machine, TokenId token) const {
  const std::string& bytes = trie_->text(token);
  if (bytes.empty()) return nullptr;
  Configurations behind;
  MaskWalk walk(machine, trie_);
  // Each way by itself, as mask() goes: were they to share one limit within a token, the ways of
  // one could crowd out the only one by which the mask has allowed it.
  for (const Configuration& each : here()) walk.read(each, bytes, behind);
  keep_different(behind);
  if (behind.empty()) return nullptr;
  // Where nothing is remembered of a text that grows, the token may have changed nothing.
  const bool settled = std::ranges::none_of(
      behind, [](const Configuration& each) { return static_cast<bool>(each.text); });
  if (settled && behind == here()) return history_.back().at;
  return std::make_shared<const Configurations>(std::move(behind));
}

void Matcher::take(TokenId token, std::shared_ptr<const Configurations> at) {
  foreseen_ = {nullptr, -1};
  history_.push_back({std::move(at), token});
  if (accepted() > most_rollback) history_[accepted() - most_rollback - 1].at.reset();
}

void Matcher::rollback(std::size_t tokens) {
  if (tokens > accepted()) {
    throw InvalidArgument("a matcher cannot take back more tokens than it accepted");
  }
  if (!history_[accepted() - tokens].at) {
    throw InvalidArgument("a matcher has forgotten what is more than 1,024 tokens back");
  }
  foreseen_ = {nullptr, -1};
  history_.resize(history_.size() - tokens);
  if (tokens > 0) finished_ = false;
}

bool Matcher::is_complete() const {
  Guide::Use machine(*guide_);
  return any_complete(machine, here());
}

std::size_t Matcher::tokens_to_end() const {
  if (finished_) return 0;
  Guide::Use machine(*guide_);
  return machine.completion(trie_).of(here());
}

bool Matcher::fits(TokenId token, std::size_t tokens) const {
  if (finished_ || is_end(token)) return true;
  Guide::Use machine(*guide_);
  foreseen_ = {behind(machine, token), token};
  return foreseen_.at && machine.completion(trie_).of(*foreseen_.at) <= tokens;
}

void Matcher::mask_that_fits(TokenMask& mask, std::size_t tokens) const {
  mask.clear();
  if (finished_) return;
  Guide::Use machine(*guide_);
  std::vector<std::size_t> ends(trie_->vocabulary_size(), unread);
  for (const Configuration& each : here()) find_ends(machine, each, tokens, ends);
  const bool complete = any_complete(machine, here());
  const std::size_t nearest = complete ? 0 : *std::ranges::min_element(ends);
  for (std::size_t token = 0; token < ends.size(); ++token) {
    const bool fits = ends[token] != unread && ends[token] <= std::max(tokens, nearest);
    if (fits) mask.allow(static_cast<TokenId>(token));
  }
  if (complete) mask.allow_all(trie_->end_tokens());
}

// How many tokens end the document behind each token that can be read from `at`. Where nothing that
// stays inside a text fits, as its last quote alone is too late, only tokens with quotes are asked.
void Matcher::find_ends(Guide::Use& machine, const Configuration& at, std::size_t tokens,
                        std::vector<std::size_t>& ends) const {
  const auto note = [&](TokenId token, const Configurations& behind) {
    std::size_t& end = ends[static_cast<std::size_t>(token)];
    end = std::min(end, std::size_t{machine.completion(trie_).of(behind)});
  };
  const Completion::Cost ended =
      at.in_text() ? machine.completion(trie_).ended_text(at) : Completion::endless;
  MaskWalk walk(machine, trie_);
  if (ended > tokens && ended < Completion::endless) {
    TokenMask readable(trie_->vocabulary_size());
    walk.allow(at, readable);
    readable.each([&](TokenId token) {
      if (trie_->text(token).find('"') == std::string::npos) return;
      Configurations behind;
      walk.read(at, trie_->text(token), behind);
      note(token, behind);
    });
    return;
  }
  const TextTree& tree = trie_->tree().tree();
  walk_below(machine, tree, TextTree::root, {at},
             [&](TextTree::NodeIndex node, const Configurations& behind) {
               for (const TokenId token : tree.tokens(node)) note(token, behind);
               return true;
             });
}

}  // namespace espalier::guide
