// Finds special tokens in text: the leftmost one, the longest where several start there, as Hugging
// Face's AddedVocabulary does for tokens that are not normalised.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "text/flat_map.h"

namespace espalier::text {

class SpecialTokens {
 public:
  struct Match {
    std::size_t begin;
    std::size_t end;
    base::TokenId token;
  };

  // `spelling` must be 1 to longest_spelling bytes; of two that are the same the first one stands.
  void add(std::string_view spelling, base::TokenId token);

  // The limit keeps a search linear: no text costs more than this many steps a byte.
  static constexpr std::size_t longest_spelling = 1024;

  // The first match at `from` or behind it.
  std::optional<Match> find(std::string_view text, std::size_t from) const noexcept;

  // The token that `text` is, whole.
  std::optional<base::TokenId> exact(std::string_view text) const noexcept;

 private:
  static constexpr base::TokenId no_token = -1;

  // A trie: nodes_[n] is the token that ends at node n; children_ is keyed by node and byte.
  std::vector<base::TokenId> nodes_ = {no_token};
  FlatMap<std::uint32_t> children_;
  std::array<bool, 256> starts_{};  // bytes that some token starts with

  const std::uint32_t* child(std::uint32_t node, char byte) const noexcept;
  std::optional<Match> longest_at(std::string_view text, std::size_t begin) const noexcept;
};

}  // namespace espalier::text
