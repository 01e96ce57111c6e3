// A hash map from 64-bit keys to small values: one flat array, linear probing, nothing but inserts
// and look-ups. A look-up costs one cache miss where std::unordered_map costs three; encoding does
// one per pair of neighbouring tokens.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace espalier::text {

// Spreads every bit of `key` over the whole word (the finaliser of MurmurHash3).
constexpr std::uint64_t mix_bits(std::uint64_t key) noexcept {
  key = (key ^ (key >> 33)) * 0xFF51AFD7ED558CCDULL;
  key = (key ^ (key >> 33)) * 0xC4CEB9FE1A85EC53ULL;
  return key ^ (key >> 33);
}

template <class Value>
class FlatMap {
 public:
  // The one key that must not be used.
  static constexpr std::uint64_t no_key = std::numeric_limits<std::uint64_t>::max();

  explicit FlatMap(std::size_t expected = 0) { resize(slots_for(expected)); }

  // The value at `key`, made where it is new.
  Value& operator[](std::uint64_t key) {
    if (slots_for(size_ + 1) > slots_.size()) grow();
    Slot& slot = slots_[place(key)];
    if (slot.key == no_key) {
      slot.key = key;
      ++size_;
    }
    return slot.value;
  }

  const Value* find(std::uint64_t key) const noexcept {
    const Slot& slot = slots_[place(key)];
    return slot.key == key ? &slot.value : nullptr;
  }

 private:
  struct Slot {
    std::uint64_t key = no_key;
    Value value{};
  };

  // At most half full, so that a probe ends after 1.5 slots on average.
  static std::size_t slots_for(std::size_t size) { return std::bit_ceil(2 * size + 2); }

  // Where `key` is, or the free slot where it would go.
  std::size_t place(std::uint64_t key) const noexcept {
    std::size_t at = mix_bits(key) & mask_;
    while (slots_[at].key != key && slots_[at].key != no_key) at = (at + 1) & mask_;
    return at;
  }

  void resize(std::size_t slots) {
    slots_.assign(slots, Slot{});
    mask_ = slots - 1;
  }

  void grow() {
    std::vector<Slot> old;
    old.swap(slots_);
    resize(old.size() * 2);
    for (const Slot& slot : old) {
      if (slot.key != no_key) slots_[place(slot.key)] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace espalier::text
