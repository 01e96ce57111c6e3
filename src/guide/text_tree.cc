#include "guide/text_tree.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "espalier/error.h"

namespace espalier::guide {
namespace {

constexpr std::size_t longest_text = 4096;  // no vocabulary comes near it; depth has 16 bits
constexpr std::size_t many_children = 8;    // fewer are found as fast one by one

}  // namespace

TextTree::TextTree(std::vector<TokenText> texts) {
  std::erase_if(texts, [](const TokenText& each) { return each.text.empty(); });
  const auto before = [](const TokenText& a, const TokenText& b) {
    return std::tie(a.text, a.token) < std::tie(b.text, b.token);
  };
  if (!std::ranges::is_sorted(texts, before)) std::ranges::sort(texts, before);
  add(texts);
  list_children();
}

void TextTree::add(std::vector<TokenText>& texts) {
  std::vector<NodeIndex> path;  // the nodes of the text before
  const auto leave = [&](std::size_t depth) {
    for (; path.size() > depth; path.pop_back()) {
      nodes_[path.back()].next = static_cast<NodeIndex>(nodes_.size());
    }
  };
  std::string_view before;
  for (const TokenText& each : texts) {
    if (each.text.size() > longest_text) {
      throw InvalidArgument("a token's text is longer than 4,096 bytes");
    }
    const auto split = std::ranges::mismatch(each.text, before);
    leave(static_cast<std::size_t>(split.in1 - each.text.begin()));
    for (std::size_t depth = path.size(); depth < each.text.size(); ++depth) {
      path.push_back(static_cast<NodeIndex>(nodes_.size()));
      nodes_.push_back({static_cast<std::uint8_t>(each.text[depth]),
                        static_cast<std::uint16_t>(depth), 0, 0,
                        static_cast<std::uint32_t>(tokens_.size())});
    }
    tokens_.push_back(each.token);
    longest_ = std::max(longest_, static_cast<std::uint32_t>(each.text.size()));
    before = each.text;
  }
  leave(0);
  nodes_.push_back({0, 0, 0, 0, static_cast<std::uint32_t>(tokens_.size())});
}

// Those of the root and of nodes with many.
void TextTree::list_children() {
  const auto list = [&](NodeIndex node) {
    const std::size_t listed = wide_children_.size();
    Wide all;
    all.first.fill(static_cast<std::uint32_t>(listed));
    for (NodeIndex i = first_below(node); i < end_below(node); i = nodes_[i].next) {
      all.bytes.add(nodes_[i].byte);
      wide_children_.push_back(i);
      for (std::size_t word = nodes_[i].byte / 64U + 1; word < all.first.size(); ++word) {
        ++all.first[word];
      }
    }
    if (node != root && wide_children_.size() - listed < many_children) {
      wide_children_.resize(listed);
      return;
    }
    if (node != root) nodes_[node].wide = static_cast<std::uint32_t>(wide_.size());
    wide_.push_back(all);
  };
  list(root);
  for (NodeIndex node = 0; node + 1 < nodes_.size(); ++node) list(node);
}

}  // namespace espalier::guide
