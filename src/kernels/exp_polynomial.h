// exp(x) in f32, as every instruction set here computes it:
//
//   n = round(x / ln 2),  r = x - n ln 2 in [-ln 2 / 2, ln 2 / 2],  exp(x) = 2^n exp(r)
//   exp(r) = 1 + r + r² (c2 + c3 r + c4 r² + c5 r³ + c6 r⁴)
//
// c2 … c6 minimise the largest relative error on that interval (Remez exchange with the first two
// coefficients held at 1, then rounded to f32): 3.1e-9, so rounding decides the rest: over
// every float in [exp_lowest, exp_highest] the result is within 8.5e-8 of exp in double.
//
//   exp(±0) = 1 exactly           exp(NaN) = NaN
//   x < exp_lowest   gives 0      (-inf too; the true result is below the smallest normal number)
//   x > exp_highest  gives exp(exp_highest): finite, which is what x / (1 + exp(-x)) needs
#pragma once

namespace espalier::kernels {

inline constexpr float exp_relative_error = 9e-8F;

inline constexpr float exp_lowest = -0x1.5d589ep6F;  // ln(2^-126), about -87.34
inline constexpr float exp_highest = 88.0F;          // n stays at 127, the largest exponent

inline constexpr float exp_per_ln2 = 0x1.715476p0F;  // 1 / ln 2
// ln 2 in two parts (Cody and Waite 1980): the first has 9 significant bits, so its product with n
// is exact and r loses nothing, fused or not.
inline constexpr float exp_ln2_high = 0x1.63p-1F;
inline constexpr float exp_ln2_low = -0x1.bd0106p-13F;

// Adding 1.5 · 2^23 rounds to an integer, to nearest even, and leaves n in the sum's low bits:
// shifted by the width of the mantissa they are 2^n but for the bias of 127.
inline constexpr float exp_round = 0x1.8p23F;
inline constexpr int exp_mantissa_bits = 23;
inline constexpr int exp_bias_bits = 127 << 23;

inline constexpr float exp_c2 = 0.49999994F;
inline constexpr float exp_c3 = 0.166665211F;
inline constexpr float exp_c4 = 0.041668389F;
inline constexpr float exp_c5 = 0.00836874545F;
inline constexpr float exp_c6 = 0.00138145383F;

}  // namespace espalier::kernels
