// exp as exp_polynomial.h describes it, in plain C++. Not for files compiled for an instruction
// set.
#pragma once

#include <bit>
#include <cstdint>

#include "kernels/exp_polynomial.h"

namespace espalier::kernels::scalar {

inline float exp(float x) noexcept {
  if (x < exp_lowest) return 0.0F;
  if (x > exp_highest) x = exp_highest;
  const float shifted = x * exp_per_ln2 + exp_round;
  const float n = shifted - exp_round;
  const float r = (x - n * exp_ln2_high) - n * exp_ln2_low;
  const float tail = exp_c2 + r * (exp_c3 + r * (exp_c4 + r * (exp_c5 + r * exp_c6)));
  const auto power = (std::bit_cast<std::uint32_t>(shifted) << exp_mantissa_bits) + exp_bias_bits;
  return (1.0F + (r + r * r * tail)) * std::bit_cast<float>(power);
}

}  // namespace espalier::kernels::scalar
