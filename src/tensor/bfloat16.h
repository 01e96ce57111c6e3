// bfloat16 as 16 bits: the upper half of a float, so widening is exact and keeps NaN's payload.
#pragma once

#include <bit>
#include <cstdint>

namespace espalier::tensor {

constexpr float bfloat16_to_float(std::uint16_t bits) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

}  // namespace espalier::tensor
