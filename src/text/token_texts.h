// The texts of tokens, one behind the other in one allocation, and an index from text to token.
//
// A vocabulary of 262,144 tokens as strings of their own is 10 MB and as many allocations; here it
// is 2 MB of text and 4 bytes a token.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "text/flat_map.h"

namespace espalier::text {

class TokenTexts {
 public:
  // All texts together must be shorter than this.
  static constexpr std::size_t most_bytes = std::size_t{1} << 31;

  void reserve(std::size_t tokens) { ends_.reserve(tokens); }

  // The next token's text, in one piece or in several.
  void append(std::string_view text) {
    extend(text);
    end_token();
  }
  void extend(std::string_view text) { bytes_ += text; }
  void end_token() { ends_.push_back(static_cast<std::uint32_t>(bytes_.size())); }

  std::size_t size() const noexcept { return ends_.size(); }
  std::size_t byte_count() const noexcept { return bytes_.size(); }
  std::string_view operator[](base::TokenId id) const noexcept {
    const std::size_t at = static_cast<std::size_t>(id);
    const std::size_t begin = at == 0 ? 0 : ends_[at - 1];
    return std::string_view(bytes_).substr(begin, ends_[at] - begin);
  }

 private:
  std::string bytes_;
  std::vector<std::uint32_t> ends_;
};

class TokenIndex {
 public:
  explicit TokenIndex(std::size_t expected = 0)
      : slots_(std::bit_ceil(expected + expected / 2 + 2)), mask_(slots_.size() - 1) {}

  // Enters token `id` of `texts` unless its text is there; gives the token that was there first.
  // No more may be entered than were expected.
  std::optional<base::TokenId> insert(const TokenTexts& texts, base::TokenId id) noexcept {
    const std::string_view text = texts[id];
    const std::uint64_t hash = hash_of(text);
    std::size_t at = hash & mask_;
    for (; slots_[at].id != empty; at = (at + 1) & mask_) {
      if (slots_[at].tag == tag_of(hash) && texts[slots_[at].id] == text) return slots_[at].id;
    }
    slots_[at] = {tag_of(hash), id};
    if (text.size() > longest_) longest_ = text.size();
    return std::nullopt;
  }

  std::optional<base::TokenId> find(const TokenTexts& texts, std::string_view text) const noexcept {
    if (text.size() > longest_) return std::nullopt;
    const std::uint64_t hash = hash_of(text);
    for (std::size_t at = hash & mask_; slots_[at].id != empty; at = (at + 1) & mask_) {
      if (slots_[at].tag == tag_of(hash) && texts[slots_[at].id] == text) return slots_[at].id;
    }
    return std::nullopt;
  }

  std::size_t longest() const noexcept { return longest_; }

 private:
  static constexpr base::TokenId empty = -1;

  struct Slot {
    std::uint32_t tag = 0;  // the hash's upper half: most comparisons end here
    base::TokenId id = empty;
  };

  static std::uint32_t tag_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32);
  }

  static std::uint64_t hash_of(std::string_view text) noexcept {
    std::uint64_t hash = mix_bits(text.size() + 0x9E3779B97F4A7C15ULL);
    while (text.size() > sizeof(hash)) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), sizeof(word));
      hash = mix_bits(hash ^ word) + 0x9E3779B97F4A7C15ULL;
      text.remove_prefix(sizeof(word));
    }
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), text.size());
    return mix_bits(hash ^ word);
  }

  std::vector<Slot> slots_;
  std::size_t mask_;
  std::size_t longest_ = 0;
};

}  // namespace espalier::text
