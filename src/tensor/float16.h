// IEEE 754 binary16 ("half") as 16 bits, to and from float. Plain integer code: it gives on every
// machine what F16C and NEON give, including subnormals, infinities and NaN (whose quiet bit gets
// set).
#pragma once

#include <bit>
#include <cstdint>

namespace espalier::tensor {

// Exact: every half is a float.
constexpr float half_to_float(std::uint16_t half) noexcept {
  const std::uint32_t sign = (half & 0x8000U) << 16;
  const std::uint32_t magnitude = half & 0x7fffU;
  if (magnitude > 0x7c00U) return std::bit_cast<float>(sign | 0x7fc00000U | magnitude << 13);
  if (magnitude == 0x7c00U) return std::bit_cast<float>(sign | 0x7f800000U);
  if (magnitude >= 0x0400U) {
    // A float's exponent is biased by 127, a half's by 15.
    return std::bit_cast<float>(sign | ((magnitude << 13) + (112U << 23)));
  }
  // A subnormal counts units of 2^-24; float holds the product exactly.
  const float value = static_cast<float>(magnitude) * 0x1p-24F;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(value));
}

// Rounds to nearest, ties to even. What is beyond 65,504 by half a unit or more becomes infinite.
constexpr std::uint16_t float_to_half(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  std::uint32_t half = 0;
  if (magnitude > 0x7f800000U) {
    half = 0x7e00U | (magnitude >> 13 & 0x3ffU);
  } else if (magnitude >= 0x47800000U) {  // 2^16 and above, infinity included
    half = 0x7c00U;
  } else if (magnitude >= 0x38800000U) {  // 2^-14 and above: normal
    // The carry of rounding runs into the exponent, which is what it should do, up to infinity.
    half = (magnitude + 0xfffU + (magnitude >> 13 & 1U) - (112U << 23)) >> 13;
  } else if (magnitude >= 0x33000000U) {  // 2^-25 and above: subnormal, or rounds to one
    const std::uint32_t shift = 126U - (magnitude >> 23);  // 14 … 24
    const std::uint32_t significand = (magnitude & 0x7fffffU) | 0x800000U;
    const std::uint32_t rest = significand & ((1U << shift) - 1U);
    const std::uint32_t tie = 1U << (shift - 1U);
    half = significand >> shift;
    if (rest > tie || (rest == tie && (half & 1U) != 0)) ++half;
  }
  return static_cast<std::uint16_t>(sign | half);
}

}  // namespace espalier::tensor
