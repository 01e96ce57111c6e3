// A set of bytes.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

namespace espalier::guide {

class ByteSet {
 public:
  constexpr ByteSet() = default;
  constexpr explicit ByteSet(std::string_view bytes) {
    for (const char byte : bytes) add(static_cast<std::uint8_t>(byte));
  }
  static constexpr ByteSet range(std::uint8_t first, std::uint8_t last) {
    ByteSet set;
    for (unsigned byte = first; byte <= last; ++byte) set.add(static_cast<std::uint8_t>(byte));
    return set;
  }

  constexpr void add(std::uint8_t byte) { words_[byte / 64] |= std::uint64_t{1} << (byte % 64); }
  constexpr bool has(std::uint8_t byte) const {
    return (words_[byte / 64] >> (byte % 64) & 1U) != 0;
  }
  // How many bytes of the set are smaller, of those in the same 64.
  constexpr unsigned rank_in_word(std::uint8_t byte) const {
    const std::uint64_t smaller = (std::uint64_t{1} << (byte % 64)) - 1;
    return static_cast<unsigned>(std::popcount(words_[byte / 64] & smaller));
  }

  constexpr ByteSet& operator|=(const ByteSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  constexpr ByteSet operator|(const ByteSet& other) const { return ByteSet(*this) |= other; }

  // Visits each byte that is in this set and in the other, ascending.
  template <class Visit>
  void common(const ByteSet& other, const Visit& visit) const {
    for (unsigned i = 0; i < words_.size(); ++i) {
      for (std::uint64_t rest = words_[i] & other.words_[i]; rest != 0; rest &= rest - 1) {
        visit(static_cast<std::uint8_t>(i * 64 + static_cast<unsigned>(std::countr_zero(rest))));
      }
    }
  }

  constexpr bool operator==(const ByteSet&) const = default;

 private:
  std::array<std::uint64_t, 4> words_{};
};

}  // namespace espalier::guide
