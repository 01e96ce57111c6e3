// What must come, in the tokens that the tokenizer would give it.
#include <algorithm>

#include "guide/matcher.h"
#include "guide/tree_walk.h"
#include "text/utf8.h"

namespace espalier::guide {
namespace {

constexpr std::size_t most_forced = 4096;  // bytes in one go

// So many of the last tokens are spelled again: more only where their first half comes out
// otherwise, which may be because the text before them is not seen.
constexpr std::size_t last_tokens[] = {8, 32};

}  // namespace

std::string Matcher::forced_bytes() const {
  if (finished_) return {};
  Guide::Use machine(*guide_);
  Configurations at = here();
  return force(machine, at);
}

// The only bytes that can come, and where they lead.
std::string Matcher::force(Guide::Use& machine, Configurations& at) const {
  std::string forced;
  const auto complete = [&](const Configuration& each) { return machine->complete(each); };
  const auto is_text = [](const Configuration& each) { return each.place == Place::text; };
  while (forced.size() < most_forced && std::ranges::none_of(at, complete)) {
    ByteSet bytes;
    for (const Configuration& each : at) bytes |= machine->following(each);
    // Outside of documents a backslash is a character like others.
    const bool escapes = std::ranges::none_of(at, is_text);
    int found = -1;
    Configurations only;
    bool several = false;
    const auto try_byte = [&](int byte) {
      if (!bytes.has(static_cast<std::uint8_t>(byte))) return;
      Configurations next = step_all(machine, at, static_cast<std::uint8_t>(byte));
      if (next.empty()) return;
      several = found >= 0;
      found = byte;
      only = std::move(next);
    };
    for (int byte = 0; byte < 256 && !several; ++byte) {
      if (byte != '\\' || !escapes) try_byte(byte);
    }
    if (found < 0 && escapes) try_byte('\\');
    if (several || found < 0) break;
    forced += static_cast<char>(found);
    at = std::move(only);
  }
  return forced;
}

// How much of what is `forced`, behind which `at` is, belongs to no token that may go on behind it.
std::size_t Matcher::settled(Guide::Use& machine, const Configurations& at,
                             std::string_view forced) const {
  const std::size_t longest = trie_->longest();
  std::string text = last_bytes(last_tokens_of(longest));
  const std::size_t accepted_bytes = text.size();
  text += forced;
  const TextTree& tree = trie_->tree().tree();
  for (std::size_t i = text.size() < longest ? 0 : text.size() - longest; i < text.size(); ++i) {
    TextTree::NodeIndex node = TextTree::root;
    for (std::size_t end = i; end < text.size(); ++end) {
      node = tree.child(node, static_cast<std::uint8_t>(text[end]));
      if (node == TextTree::root) break;
    }
    if (node == TextTree::root) continue;
    const bool no_token =
        walk_below(machine, tree, node, at, [&](TextTree::NodeIndex below, const Configurations&) {
          return tree.tokens(below).empty();
        });
    if (!no_token) return i < accepted_bytes ? 0 : i - accepted_bytes;
  }
  return forced.size();
}

Matcher::Forced Matcher::forced_tokens() const {
  if (finished_) return {};
  std::string forced;
  std::size_t sure = 0;  // bytes of it that may be taken
  {
    Guide::Use machine(*guide_);
    Configurations at = here();
    forced = force(machine, at);
    if (!forced.empty()) sure = settled(machine, at, forced);
  }
  const std::size_t unfinished =
      text::unfinished_bytes(last_bytes(last_tokens_of(text::longest_utf8 - 1)) + forced);
  if (unfinished > forced.size()) return {};  // what was accepted ends within a character
  forced.resize(forced.size() - unfinished);
  sure = std::min(sure, forced.size());
  for (const std::size_t last : last_tokens) {
    if (last >= accepted()) break;
    if (auto found = spelled(last, forced, sure)) return *std::move(found);
  }
  return spelled(accepted(), forced, sure).value_or(Forced{});
}

std::string Matcher::last_bytes(std::size_t tokens) const {
  std::string bytes;
  for (std::size_t i = history_.size() - tokens; i < history_.size(); ++i) {
    bytes += trie_->text(history_[i].token);
  }
  return bytes;
}

// How many of the last tokens have so many bytes: all, where they have fewer.
std::size_t Matcher::last_tokens_of(std::size_t bytes) const {
  std::size_t tokens = 0;
  for (std::size_t found = 0; found < bytes && tokens < accepted(); ++tokens) {
    found += trie_->text(history_[history_.size() - 1 - tokens].token).size();
  }
  return tokens;
}

// The `last` tokens, and at most `sure` bytes of what is `forced` behind them, as the tokenizer
// spells all of it. Nothing where more of the tokens must be looked at.
std::optional<Matcher::Forced> Matcher::spelled(std::size_t last, std::string_view forced,
                                                std::size_t sure) const {
  std::string text = last_bytes(last);
  const std::size_t accepted_bytes = text.size();
  text += forced;
  const std::vector<TokenId> tokens = trie_->own_tokens(text);
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < tokens.size() && bytes < accepted_bytes + sure; ++i) {
    bytes += trie_->text(tokens[i]).size();
    if (bytes >= accepted_bytes && bytes <= accepted_bytes + sure) count = i + 1;
  }
  if (count == 0 && !forced.empty()) return spelled(last, {}, 0);
  std::size_t same = 0;
  const std::size_t first = history_.size() - last;
  while (same < std::min(count, last) && tokens[same] == history_[first + same].token) ++same;
  if (count > 0 && same < last / 2 && last < accepted()) return std::nullopt;
  if (count == 0 || last - same > most_rollback) return Forced{};
  return Forced{last - same,
                {tokens.begin() + static_cast<std::ptrdiff_t>(same),
                 tokens.begin() + static_cast<std::ptrdiff_t>(count)}};
}

}  // namespace espalier::guide
