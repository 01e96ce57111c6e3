// Tokens' texts as a tree of bytes, in the order of a walk that goes deep first.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "guide/byte_set.h"

namespace espalier::guide {

using base::TokenId;

struct TokenText {
  TokenId token;
  std::string_view text;
};

class TextTree {
 public:
  using NodeIndex = std::uint32_t;

  // One byte of one or several texts.
  struct Node {
    std::uint8_t byte;
    std::uint16_t depth;        // of the byte in its texts, from 0
    NodeIndex next;             // the node behind this one and all below it
    std::uint32_t wide;         // its place in wide_, where it has many children; else 0
    std::uint32_t first_token;  // tokens that end here: tokens_[first_token] up to the next node's
  };

  static constexpr NodeIndex root = ~NodeIndex{0};

  TextTree() : TextTree(std::vector<TokenText>{}) {}
  // Tokens without text are left out. Throws InvalidArgument where a text is longer than 4,096
  // bytes.
  explicit TextTree(std::vector<TokenText> texts);

  std::span<const Node> nodes() const noexcept { return {nodes_.data(), nodes_.size() - 1}; }
  // Those that end at the node.
  std::span<const TokenId> tokens(NodeIndex node) const noexcept {
    return tokens_between(node, node + 1);
  }
  // Those that end below it.
  std::span<const TokenId> tokens_below(NodeIndex node) const noexcept {
    return tokens_between(first_below(node), end_below(node));
  }
  std::span<const TokenId> tokens() const noexcept { return tokens_; }

  // The nodes below one are those from `first_below` up to `end_below`, which is not one of them.
  NodeIndex first_below(NodeIndex node) const noexcept { return node == root ? 0 : node + 1; }
  NodeIndex end_below(NodeIndex node) const noexcept {
    return node == root ? static_cast<NodeIndex>(nodes_.size() - 1) : nodes_[node].next;
  }

  // Visits the children of a node whose bytes are in the set.
  template <class Visit>
  void children(NodeIndex node, const ByteSet& bytes, const Visit& visit) const {
    if (const Wide* all = wide(node)) {
      all->bytes.common(bytes, [&](std::uint8_t byte) { visit(wide_children_[all->place(byte)]); });
      return;
    }
    const NodeIndex end = nodes_[node].next;
    for (NodeIndex child = node + 1; child < end; child = nodes_[child].next) {
      if (bytes.has(nodes_[child].byte)) visit(child);
    }
  }

  // The child whose byte it is; `root` where there is none.
  NodeIndex child(NodeIndex node, std::uint8_t byte) const {
    if (const Wide* all = wide(node)) {
      return all->bytes.has(byte) ? wide_children_[all->place(byte)] : root;
    }
    const NodeIndex end = nodes_[node].next;
    for (NodeIndex child = node + 1; child < end; child = nodes_[child].next) {
      if (nodes_[child].byte == byte) return child;
    }
    return root;
  }

  std::uint32_t longest() const noexcept { return longest_; }  // bytes of a text

 private:
  struct Wide {
    std::uint32_t place(std::uint8_t byte) const {
      return first[byte / 64] + bytes.rank_in_word(byte);
    }

    ByteSet bytes;
    std::array<std::uint32_t, 4> first{};  // of the children in wide_children_, by 64 bytes
  };

  std::span<const TokenId> tokens_between(NodeIndex node, NodeIndex end) const noexcept {
    const std::uint32_t begin = nodes_[node].first_token;
    return {tokens_.data() + begin, nodes_[end].first_token - begin};
  }
  void add(std::vector<TokenText>& texts);
  void list_children();
  const Wide* wide(NodeIndex node) const noexcept {
    if (node == root) return &wide_.front();
    return nodes_[node].wide == 0 ? nullptr : &wide_[nodes_[node].wide];
  }

  std::vector<Node> nodes_;  // and one behind the last
  std::vector<TokenId> tokens_;
  std::vector<Wide> wide_;  // the root's first
  std::vector<NodeIndex> wide_children_;
  std::uint32_t longest_ = 0;
};

}  // namespace espalier::guide
