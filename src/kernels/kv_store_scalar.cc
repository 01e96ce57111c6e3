// The reference for KvStoreFn (kv_page.h).
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/isa_functions.h"
#include "tensor/float16.h"

namespace espalier::kernels::scalar {
namespace {

constexpr std::size_t P = page_positions;

template <class T>
void put(std::byte* part, std::size_t i, T value) {
  std::memcpy(part + i * sizeof value, &value, sizeof value);
}

float int8_scale(const float* x, std::size_t count) {
  float largest = 0;
  for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, std::fabs(x[i]));
  return largest / 127.0F;
}

std::int8_t int8_code(float x, float scale) {
  // Where the scale is zero, |x| is below 127 times the smallest number, and any divisor gives 0.
  const float code = x / (scale == 0 ? 1.0F : scale);
  // A subnormal scale is coarse enough for the quotient to pass 127.
  if (!(code > -127.0F)) return -127;
  return code < 127.0F ? static_cast<std::int8_t>(std::nearbyint(code)) : std::int8_t{127};
}

}  // namespace

void kv_store(const KvHeadLayout& layout, std::byte* region, std::size_t position, const float* key,
              const float* value) noexcept {
  const std::size_t K = layout.head_size;
  std::byte* keys = region + layout.keys();
  std::byte* values = region + layout.values();
  switch (layout.type) {
    case KvType::f32:
      for (std::size_t k = 0; k < K; ++k) {
        put(keys, k * P + position, key[k]);
        put(values, position * K + k, value[k]);
      }
      return;
    case KvType::f16:
      for (std::size_t k = 0; k < K; ++k) {
        put(keys, k * P + position, tensor::float_to_half(key[k]));
        put(values, position * K + k, tensor::float_to_half(value[k]));
      }
      return;
    case KvType::int8: {
      const float key_scale = int8_scale(key, K);
      const float value_scale = int8_scale(value, K);
      put(region + layout.key_scales(), position, key_scale);
      put(region + layout.value_scales(), position, value_scale);
      for (std::size_t k = 0; k < K; ++k) {
        put(keys, k * P + position, int8_code(key[k], key_scale));
        put(values, position * K + k, int8_code(value[k], value_scale));
      }
      return;
    }
  }
}

}  // namespace espalier::kernels::scalar
