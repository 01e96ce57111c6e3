// A bit for each token of a vocabulary.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "base/token.h"

namespace espalier::guide {

class TokenMask {
 public:
  explicit TokenMask(std::size_t vocabulary) : size_(vocabulary), words_((vocabulary + 63) / 64) {}

  bool allows(base::TokenId token) const {
    const auto at = static_cast<std::size_t>(token);
    return at < size_ && (words_[at / 64] >> (at % 64) & 1U) != 0;
  }
  void allow(base::TokenId token) {
    const auto at = static_cast<std::size_t>(token);
    words_[at / 64] |= std::uint64_t{1} << (at % 64);
  }
  void allow_all(std::span<const base::TokenId> tokens) {
    for (const base::TokenId token : tokens) allow(token);
  }
  void allow_all(std::span<const std::uint64_t> words) {
    for (std::size_t i = 0; i < words.size(); ++i) words_[i] |= words[i];
  }
  // Visits each that is allowed, ascending.
  template <class Visit>
  void each(const Visit& visit) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t rest = words_[i]; rest != 0; rest &= rest - 1) {
        visit(
            static_cast<base::TokenId>(i * 64 + static_cast<std::size_t>(std::countr_zero(rest))));
      }
    }
  }
  void clear() { std::ranges::fill(words_, 0); }
  std::size_t count() const {
    std::size_t sum = 0;
    for (const std::uint64_t word : words_) sum += static_cast<std::size_t>(std::popcount(word));
    return sum;
  }
  std::size_t size() const noexcept { return size_; }
  const std::vector<std::uint64_t>& words() const noexcept { return words_; }
  bool operator==(const TokenMask&) const = default;

 private:
  std::size_t size_;
  std::vector<std::uint64_t> words_;
};

}  // namespace espalier::guide
