// KvStoreFn on 16 lanes (lanes_avx2.h, lanes_avx512.h): vectors convert, plain stores scatter a key
// over its columns. Every step is exact or rounds once, so all sets write the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kv_page.h"

namespace espalier::kernels {

template <class L>
class KvStoreLanes {
 public:
  static void run(const KvHeadLayout& layout, std::byte* region, std::size_t position,
                  const float* key, const float* value) {
    const std::size_t K = layout.head_size;
    std::byte* keys = region + layout.keys();
    std::byte* values = region + layout.values();
    switch (layout.type) {
      case KvType::f32:
        return store<float>(keys, values, position, key, 1.0F, value, 1.0F, K);
      case KvType::f16:
        return store<std::uint16_t>(keys, values, position, key, 1.0F, value, 1.0F, K);
      case KvType::int8: {
        const float key_scale = int8_scale(key, K);
        const float value_scale = int8_scale(value, K);
        reinterpret_cast<float*>(region + layout.key_scales())[position] = key_scale;
        reinterpret_cast<float*>(region + layout.value_scales())[position] = value_scale;
        return store<std::int8_t>(keys, values, position, key, key_scale, value, value_scale, K);
      }
    }
  }

 private:
  static constexpr std::size_t P = page_positions;

  static L load(const float* x, std::size_t count) {
    return count < 16 ? L::load(x, L::lanes(0, count)) : L::load(x);
  }

  static float int8_scale(const float* x, std::size_t count) {
    L largest = L::zero();
    for (std::size_t i = 0; i < count; i += 16) {
      const L lanes = load(x + i, count - i);
      largest = L::max(largest, L::max(lanes, L::zero() - lanes));
    }
    return largest.largest() / 127.0F;
  }

  template <class Element>
  static void store(std::byte* keys, std::byte* values, std::size_t position, const float* key,
                    float key_scale, const float* value, float value_scale, std::size_t K) {
    auto* column = reinterpret_cast<Element*>(keys) + position;
    auto* row = reinterpret_cast<Element*>(values) + position * K;
    for (std::size_t k = 0; k < K; k += 16) {
      const std::size_t count = K - k < 16 ? K - k : 16;
      Element converted[16];
      convert(load(key + k, count), key_scale, converted);
      for (std::size_t i = 0; i < count; ++i) column[(k + i) * P] = converted[i];
      convert(load(value + k, count), value_scale, converted);
      for (std::size_t i = 0; i < count; ++i) row[k + i] = converted[i];
    }
  }

  template <class Element>
  static void convert(L x, float scale, Element* to) {
    if constexpr (sizeof(Element) == 1) {
      // Where the scale is zero, |x| is below 127 times the smallest number, and any divisor gives
      // 0; a subnormal scale is coarse enough for the quotient to pass 127.
      x = x / L::broadcast(scale == 0 ? 1.0F : scale);
      x = L::min(L::max(x, L::broadcast(-127.0F)), L::broadcast(127.0F));
    }
    x.store(to);
  }
};

}  // namespace espalier::kernels
