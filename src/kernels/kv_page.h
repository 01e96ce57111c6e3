// How keys and values lie in a page of the KV cache.
//
// A page holds page_positions consecutive positions of one sequence, for every KV slot and KV head
// of the model. The region of one head (K = head size, P = page_positions):
//
//   keys     [K][P]   transposed: 16 positions side by side are one vector, so scores need no
//                     horizontal sums
//   values   [P][K]
//   int8 only: key scales f32 [P], then value scales f32 [P];
//                     code = round(x / scale), scale = max|x| / 127
//
// Every part starts at a multiple of 64 bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/checked_math.h"

namespace espalier::kernels {

inline constexpr std::size_t page_positions = 64;

enum class KvType : std::uint8_t { f32, f16, int8 };

constexpr std::size_t kv_element_bytes(KvType type) noexcept {
  return type == KvType::f32 ? 4 : type == KvType::f16 ? 2 : 1;
}

// Byte offsets within one head's region.
struct KvHeadLayout {
  KvType type = KvType::f16;
  std::size_t head_size = 0;

  constexpr std::size_t keys() const noexcept { return 0; }
  constexpr std::size_t values() const noexcept { return part_bytes(); }
  constexpr std::size_t key_scales() const noexcept { return 2 * part_bytes(); }
  constexpr std::size_t value_scales() const noexcept {
    return key_scales() + page_positions * sizeof(float);
  }
  constexpr std::size_t bytes() const noexcept {
    return type == KvType::int8 ? value_scales() + page_positions * sizeof(float) : key_scales();
  }

 private:
  // page_positions is 64, so a part is a multiple of 64 bytes for every type.
  constexpr std::size_t part_bytes() const noexcept {
    return head_size * page_positions * kv_element_bytes(type);
  }
};

// Writes one position's key [K] and value [K] into a head's region. position < page_positions.
using KvStoreFn = void(const KvHeadLayout& layout, std::byte* region, std::size_t position,
                       const float* key, const float* value) noexcept;

}  // namespace espalier::kernels
