#include "guide/matcher.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <numeric>

#include "espalier/error.h"

namespace espalier::guide {
namespace {

// Ways to read one document. More are let go: what they alone would have allowed is not, which
// keeps masks right and costs choice only.
constexpr std::size_t most_configurations = 256;

constexpr std::size_t most_forced = 4096;  // bytes in one go

// Two ways that have come together are one.
void keep_different(Configurations& ways) {
  if (ways.size() < 2) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < ways.size() && kept < most_configurations; ++i) {
    const auto end = ways.begin() + static_cast<std::ptrdiff_t>(kept);
    if (std::find(ways.begin(), end, ways[i]) != end) continue;
    if (kept != i) ways[kept] = std::move(ways[i]);
    ++kept;
  }
  ways.resize(kept);
}

void step_all(Guide::Use& machine, const Configurations& at, std::uint8_t byte,
              Configurations& next) {
  next.clear();
  for (const Configuration& each : at) machine->step(each, byte, next);
  keep_different(next);
}

bool any_complete(Guide::Use& machine, const Configurations& at) {
  return std::ranges::any_of(at,
                             [&](const Configuration& each) { return machine->complete(each); });
}

}  // namespace

std::size_t TokenMask::count() const {
  return std::accumulate(words_.begin(), words_.end(), std::size_t{0},
                         [](std::size_t sum, std::uint64_t word) {
                           return sum + static_cast<std::size_t>(std::popcount(word));
                         });
}

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
  for (const Configuration& each : here) {
    if (machine->in_free_text(each, trie_->longest())) {
      mask_text(machine, each, mask);
    } else {
      walk(machine, *trie_, {each}, {0, trie_->nodes().size()}, mask);
    }
  }
  if (any_complete(machine, here)) {
    for (const TokenId token : trie_->end_tokens()) mask.allow(token);
  }
}

// Inside a text: what stays inside is known by the state; what goes on behind its end is walked.
void Matcher::mask_text(Guide::Use& machine, const Configuration& at, TokenMask& mask) const {
  const StringMasks::Entry& entry = machine.string_mask(trie_, at.state);
  for (std::size_t i = 0; i < entry.inside.size(); ++i) mask.words()[i] |= entry.inside[i];
  Configurations behind;
  Configurations next;
  const bool alike = at.place == Place::string && !at.text;  // the same behind every end
  if (alike && !entry.ends.empty()) {
    machine->end_value(at, behind);
  }
  for (const std::uint32_t end : entry.ends) {
    if (!alike) {  // which key or item it was decides
      behind.assign(1, at);
      for (const char byte : entry.trie->bytes_up_to(end)) {
        step_all(machine, behind, static_cast<std::uint8_t>(byte), next);
        std::swap(behind, next);
      }
    }
    if (behind.empty()) continue;
    for (const TokenId token : entry.trie->tokens(end)) mask.allow(token);
    walk(machine, *entry.trie, behind, {end + 1, entry.trie->nodes()[end].next}, mask);
  }
}

// Allows the tokens of `part`, which is all that lies below one node, from where that node has led.
void Matcher::walk(Guide::Use& machine, const TokenTrie& trie, Configurations from, Part part,
                   TokenMask& mask) const {
  const auto nodes = trie.nodes();
  if (part.begin == part.end) return;
  const std::size_t top = nodes[part.begin].depth;
  std::vector<Configurations> ways{std::move(from)};  // by depth below `top`
  for (std::size_t i = part.begin; i < part.end;) {
    const TokenTrie::Node& node = nodes[i];
    const std::size_t depth = node.depth - top;
    if (ways.size() < depth + 2) ways.resize(depth + 2);
    ways[depth + 1].clear();
    const auto may = [&](const Configuration& each) { return machine->may_take(each, node.byte); };
    if (std::ranges::any_of(ways[depth], may)) {
      step_all(machine, ways[depth], node.byte, ways[depth + 1]);
    }
    if (ways[depth + 1].empty()) {
      i = node.next;
      continue;
    }
    for (const TokenId token : trie.tokens(i)) mask.allow(token);
    ++i;
  }
}

// Each way by itself, as mask() goes: were they to share one limit within a token, the ways of one
// could crowd out the only one by which the mask has allowed it.
bool Matcher::read(Configurations& at, std::string_view bytes) const {
  Guide::Use machine(*guide_);
  Configurations behind;
  Configurations ways;
  Configurations next;
  for (Configuration& each : at) {
    ways.assign(1, std::move(each));
    for (const char byte : bytes) {
      step_all(machine, ways, static_cast<std::uint8_t>(byte), next);
      std::swap(ways, next);
    }
    std::ranges::move(ways, std::back_inserter(behind));
  }
  keep_different(behind);
  at = std::move(behind);
  return !at.empty();
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
  Configurations at = *history_.back();
  if (!read(at, bytes)) return false;
  history_.push_back(std::make_shared<const Configurations>(std::move(at)));
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
  while (forced.size() < most_forced && !any_complete(machine, at)) {
    int found = -1;
    bool several = false;
    const auto try_byte = [&](int byte) {
      step_all(machine, at, static_cast<std::uint8_t>(byte), next);
      if (next.empty()) return;
      several = found >= 0;
      found = byte;
      std::swap(only, next);
    };
    for (int byte = 0; byte < 256 && !several; ++byte) {
      if (byte != '\\') try_byte(byte);
    }
    if (found < 0) try_byte('\\');
    if (several || found < 0) break;
    forced += static_cast<char>(found);
    std::swap(at, only);
  }
  return forced;
}

}  // namespace espalier::guide
