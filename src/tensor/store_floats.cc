#include "tensor/store_floats.h"

#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "tensor/bfloat16.h"
#include "tensor/float16.h"

namespace espalier::tensor {
namespace {

template <std::uint16_t (*Narrow)(float) noexcept, float (*Widen)(std::uint16_t) noexcept>
bool store_16_bits(std::span<const float> values, std::byte* out) noexcept {
  bool fits = true;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const std::uint16_t bits = Narrow(values[k]);
    fits = fits && std::isinf(Widen(bits)) == std::isinf(values[k]);
    std::memcpy(out + k * sizeof bits, &bits, sizeof bits);
  }
  return fits;
}

}  // namespace

bool store_floats(DType dtype, std::span<const float> values, std::span<std::byte> out) noexcept {
  assert(!is_quantised(dtype));
  assert(out.size() == row_bytes(dtype, values.size()));
  switch (dtype) {
    case DType::f16:
      return store_16_bits<float_to_half, half_to_float>(values, out.data());
    case DType::bf16:
      return store_16_bits<float_to_bfloat16, bfloat16_to_float>(values, out.data());
    default:
      if (!values.empty()) std::memcpy(out.data(), values.data(), values.size_bytes());
      return true;
  }
}

}  // namespace espalier::tensor
