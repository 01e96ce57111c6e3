#include "text/special_tokens.h"

namespace espalier::text {
namespace {

std::uint64_t edge(std::uint32_t node, char byte) noexcept {
  return static_cast<std::uint64_t>(node) << 8 | static_cast<std::uint8_t>(byte);
}

}  // namespace

void SpecialTokens::add(std::string_view spelling, base::TokenId token) {
  std::uint32_t node = 0;
  for (const char byte : spelling) {
    std::uint32_t& next = children_[edge(node, byte)];
    if (next == 0) {  // the root is nobody's child, so 0 says new
      next = static_cast<std::uint32_t>(nodes_.size());
      nodes_.push_back(no_token);
    }
    node = next;
  }
  if (nodes_[node] == no_token) nodes_[node] = token;
  starts_[static_cast<std::uint8_t>(spelling.front())] = true;
}

const std::uint32_t* SpecialTokens::child(std::uint32_t node, char byte) const noexcept {
  return children_.find(edge(node, byte));
}

std::optional<SpecialTokens::Match> SpecialTokens::longest_at(std::string_view text,
                                                              std::size_t begin) const noexcept {
  std::optional<Match> longest;
  std::uint32_t node = 0;
  for (std::size_t at = begin; at < text.size(); ++at) {
    const std::uint32_t* next = child(node, text[at]);
    if (next == nullptr) break;
    node = *next;
    if (nodes_[node] != no_token) longest = Match{begin, at + 1, nodes_[node]};
  }
  return longest;
}

std::optional<SpecialTokens::Match> SpecialTokens::find(std::string_view text,
                                                        std::size_t from) const noexcept {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (!starts_[static_cast<std::uint8_t>(text[at])]) continue;
    if (const std::optional<Match> match = longest_at(text, at)) return match;
  }
  return std::nullopt;
}

std::optional<base::TokenId> SpecialTokens::exact(std::string_view text) const noexcept {
  std::uint32_t node = 0;
  for (const char byte : text) {
    const std::uint32_t* next = child(node, byte);
    if (next == nullptr) return std::nullopt;
    node = *next;
  }
  if (nodes_[node] == no_token) return std::nullopt;
  return nodes_[node];
}

}  // namespace espalier::text
