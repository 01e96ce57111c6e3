// The constants of gelu's approximation by tanh, for its form with exp:
//
//   gelu(x) = x/2 · (1 + tanh(√(2/π)(x + 0.044715 x³)))
//           = x / (1 + exp(−x · (gelu_linear + gelu_cubic · x²)))
#pragma once

namespace espalier::kernels {

inline constexpr float gelu_linear = 1.59576912F;   // 2√(2/π)
inline constexpr float gelu_cubic = 0.0713548128F;  // 2√(2/π) · 0.044715

}  // namespace espalier::kernels
