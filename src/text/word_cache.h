// Remembers the tokens of words: most words of a text have been seen before.
//
// Two-way set-associative: a set is one cache line of two entries, the newer one first. A word goes
// where its hash says and pushes the older entry out, so the cache never grows and never allocates.
// Words over 15 bytes or 3 tokens are rare and not kept.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "text/flat_map.h"

namespace espalier::text {

class WordCache {
 public:
  static constexpr std::size_t longest_word = 15;
  static constexpr std::size_t most_tokens = 3;

  // A word's bytes, zeros, and its size in the top byte: equal keys are equal words.
  struct Key {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    bool operator==(const Key&) const = default;
  };

  struct Entry {
    Key key;  // all zero: empty, for a word has a size
    std::array<base::TokenId, most_tokens> tokens{};
    std::uint32_t count = 0;
  };

  WordCache() : sets_(set_count) {}

  // The key of text[begin, end), which is 1 to longest_word bytes.
  static Key key_of(std::string_view text, std::size_t begin, std::size_t end) noexcept {
    static_assert(std::endian::native == std::endian::little);
    const std::size_t size = end - begin;
    std::uint64_t words[2] = {0, 0};
    if (begin + sizeof(words) <= text.size()) {
      // Sixteen bytes at once, then the ones behind the word cut off.
      std::memcpy(words, text.data() + begin, sizeof(words));
      constexpr std::uint64_t all = ~std::uint64_t{0};
      if (size < 8) {
        words[0] &= ~(all << (8 * size));
        words[1] = 0;
      } else {
        words[1] &= ~(all << (8 * (size - 8)));
      }
    } else {
      std::memcpy(words, text.data() + begin, size);
    }
    return {words[0], words[1] | static_cast<std::uint64_t>(size) << 56};
  }

  const Entry* find(const Key& key) const noexcept {
    const Set& set = sets_[place(key)];
    if (set.newer.key == key) return &set.newer;
    if (set.older.key == key) return &set.older;
    return nullptr;
  }

  // Keeps the tokens of a word that was not found, where they are few enough.
  void keep(const Key& key, std::span<const base::TokenId> tokens) noexcept {
    if (tokens.size() > most_tokens) return;
    Set& set = sets_[place(key)];
    set.older = set.newer;
    set.newer.key = key;
    set.newer.count = static_cast<std::uint32_t>(tokens.size());
    std::copy(tokens.begin(), tokens.end(), set.newer.tokens.begin());
  }

 private:
  struct alignas(64) Set {
    Entry newer;
    Entry older;
  };
  static_assert(sizeof(Set) == 64);

  // 1 MiB: the words of a long English text, and it stays in a second-level cache.
  static constexpr std::size_t set_count = std::size_t{1} << 14;

  static std::size_t place(const Key& key) noexcept {
    return mix_bits(key.low ^ key.high * 0x9E3779B97F4A7C15ULL) & (set_count - 1);
  }

  std::vector<Set> sets_;
};

}  // namespace espalier::text
