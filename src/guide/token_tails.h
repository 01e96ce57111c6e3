// What tokens hold behind their quotes. Where a quote ends a string, what follows it in a token
// does not depend on the string: hundreds of tokens share a few hundred such tails, and one walk
// over those answers for all.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "guide/text_tree.h"

namespace espalier::guide {

using TailId = std::uint32_t;

inline constexpr TailId no_bytes = 0;  // the tail of a token that its quote ends

// A tree of tokens that knows their tails.
class TailedTree {
 public:
  TailedTree() = default;
  TailedTree(const std::vector<TokenText>& texts, std::span<const std::string_view> tails);

  const TextTree& tree() const noexcept { return tree_; }

  // What a token that has a quote holds below a node on its way.
  std::string_view text_below(TextTree::NodeIndex node, TokenId token) const {
    const std::size_t read = node == TextTree::root ? 0 : tree_.nodes()[node].depth + 1U;
    return quoting_.at(token).substr(read);
  }

  // Visits (token, tail) for all tokens that the quote at `node` is part of.
  template <class Visit>
  void behind_quote(TextTree::NodeIndex node, const Visit& visit) const {
    const std::uint16_t depth = tree_.nodes()[node].depth;
    const auto visit_all = [&](std::span<const TokenId> tokens) {
      const auto first = static_cast<std::size_t>(tokens.data() - tree_.tokens().data());
      for (std::size_t i = 0; i < tokens.size(); ++i) {
        for (std::uint32_t at = begins_[first + i]; at < begins_[first + i + 1]; ++at) {
          if (quotes_[at].depth == depth) visit(tokens[i], quotes_[at].tail);
        }
      }
    };
    visit_all(tree_.tokens(node));
    visit_all(tree_.tokens_below(node));
  }

 private:
  struct Quote {
    std::uint32_t depth;
    TailId tail;
  };

  TextTree tree_;
  std::unordered_map<TokenId, std::string_view> quoting_;  // the texts with quotes
  std::vector<std::uint32_t> begins_;  // of quotes_, for each of tree_.tokens() and the end
  std::vector<Quote> quotes_;
};

class TokenTails {
 public:
  TokenTails() = default;
  explicit TokenTails(std::span<const TokenText> texts);

  // By their number; the first is empty. What is behind a quote of a tail is a tail, too.
  std::span<const std::string_view> texts() const noexcept { return texts_; }
  // Its tokens are the tails.
  const TailedTree& tree() const noexcept { return tree_; }
  // How many quotes a tail holds behind its first comma: as many ends of keys or texts, half of
  // them, may be in the object or array of the text that the tail follows.
  std::uint32_t later_quotes(TailId tail) const noexcept { return later_quotes_[tail]; }

 private:
  std::vector<std::string_view> texts_;  // ascending
  std::vector<std::uint32_t> later_quotes_;
  TailedTree tree_;
};

}  // namespace espalier::guide
