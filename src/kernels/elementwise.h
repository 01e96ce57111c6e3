// The small ops between the matmuls. Rows are independent of each other in all of them.
#pragma once

#include <cstddef>
#include <span>

#include "tensor/rows.h"

namespace espalier::kernels {

// y[t,d] = x[t,d] / sqrt(mean over d of x[t,d]² + eps) · weight[d]     (Zhang and Sennrich 2019,
// eq. 4)
//   x, y   f32 [T, D]; y may be x itself
//   weight f32 [D]
// A row is summed in 16 lanes (lane = d mod 16), then pairwise.
using RmsNormFn = void(tensor::Rows<const float> x, std::span<const float> weight, float eps,
                       tensor::Rows<float> y) noexcept;

// Rotary position embedding (Su et al. 2021) in place, pairing element i with i + K/2 of each head:
//   (a, b) → (a·cos − b·sin, b·cos + a·sin)
//   x        f32 [T, H·K] (further columns of the row are not touched)
//   cos, sin f32 [T, K/2], token t's angles
using RopeFn = void(tensor::Rows<float> x, std::size_t heads, std::size_t head_size,
                    tensor::Rows<const float> cos, tensor::Rows<const float> sin) noexcept;

// y[t,f] = silu(gate_up[t,f]) · gate_up[t,F+f], silu(x) = x / (1 + exp(−x))       (Shazeer 2020)
//   gate_up f32 [T, 2F], y f32 [T, F], which may be the first F columns of gate_up
using SwigluFn = void(tensor::Rows<const float> gate_up, tensor::Rows<float> y) noexcept;

// y[t,f] = gelu(gate_up[t,f]) · gate_up[t,F+f], gelu in its approximation by tanh (Hendrycks and
// Gimpel 2016, section 2), which is x · sigmoid(2√(2/π) · (x + 0.044715 x³)). Otherwise as
// SwigluFn.
using GegluFn = void(tensor::Rows<const float> gate_up, tensor::Rows<float> y) noexcept;

// y[t,d] += x[t,d]; x may be one row repeated (stride 0), a bias
using AddFn = void(tensor::Rows<const float> x, tensor::Rows<float> y) noexcept;

// The largest of x; -inf where it is empty. With a NaN among them, it may be any of them or NaN.
using LargestFn = float(std::span<const float> x) noexcept;

// x[i] → exp((x[i] − max) / temperature) / Σ exp((x[j] − max) / temperature), in place; 16 lanes,
// then pairwise. -inf gives 0; without a finite number, or with a NaN or +inf, all become NaN.
using SoftmaxFn = void(std::span<float> x, float temperature) noexcept;

}  // namespace espalier::kernels
