// bfloat16 as 16 bits: the upper half of a float, so widening is exact and keeps NaN's payload.
#pragma once

#include <bit>
#include <cstdint>

namespace espalier::tensor {

constexpr float bfloat16_to_float(std::uint16_t bits) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

// Rounds to nearest, ties to even. What is beyond the largest by half a unit or more becomes
// infinite; NaN stays one, with its quiet bit set.
constexpr std::uint16_t float_to_bfloat16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>(bits >> 16U | 0x40U);
  // The carry of rounding runs into the exponent, which is what it should do, up to infinity.
  return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16U & 1U)) >> 16U);
}

}  // namespace espalier::tensor
