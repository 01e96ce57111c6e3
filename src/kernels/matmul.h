// y = x · wᵀ for packed weights: the op that a language model spends its time in.
//
//   w   PackedMatrix [N, K], groups of 16 rows (tensor/packed_matrix.h)
//   x   [T, K]: int8 blocks for quantised weights, of which rows x_begin to x_begin + T are meant;
//       f32 for F32, F16 and BF16 weights
//   y   f32 [T, N'] where N' = rows of groups [group_begin, group_end), the last group's padding
//   left out:
//       y(t, 0) belongs to row 16 * group_begin
//
// Any T ≥ 1, any range of groups: a caller cuts groups or tokens among threads as it likes.
//
// One order of accumulation per instruction set, whatever T, the range or the thread:
//   quantised   columns of a block of 32 that share a scale of x and one of w have an exact integer
//               dot product, weights' offsets taken out. Blocks are added in ascending order, in a
//               block the halves, with fused multiply-adds.
//               Where halves of w have a scale each: acc = fma(w.scale * x.scale, dot, acc).
//               AVX-512 puts halves that share a scale of w together first:
//               acc = fma(w.scale, fma(x.scale_2, dot_2, x.scale_1 * dot_1), acc).
//               AVX2, whose scales of x are whole steps of the row's unit, does so in integers,
//               acc = fma(w.scale, x.step_1 * dot_1 + x.step_2 * dot_2, acc), 8-bit codes as a term
//               of the lower nibbles and one of the upper ones, and y = unit * acc.
//               For dtypes with minima, the last of the 16 or 32 columns that share one is followed
//               by acc = fma(w.minimum, Σ x.scale * x.sum, acc), for AVX2 with steps. Scales and
//               minima are f16 numbers, or (K-quants) products of one with a small integer, which
//               f32 holds exactly.
//   floats      four chains, chain c sums k ≡ c (mod 4) in ascending order with fused
//               multiply-adds; then (0 + 1) + (2 + 3). F16 and BF16 weights widen to f32 exactly.
// The scalar reference multiplies and adds where the others fuse, so it differs by rounding only.
#pragma once

#include <cstddef>

#include "kernels/quantised_rows.h"
#include "tensor/packed_matrix.h"
#include "tensor/rows.h"

namespace espalier::kernels {

using MatmulQuantisedFn = void(const tensor::PackedMatrix& w, const QuantisedRows& x,
                               std::size_t x_begin, std::size_t group_begin, std::size_t group_end,
                               tensor::Rows<float> y) noexcept;

using MatmulFloatFn = void(const tensor::PackedMatrix& w, tensor::Rows<const float> x,
                           std::size_t group_begin, std::size_t group_end,
                           tensor::Rows<float> y) noexcept;

}  // namespace espalier::kernels
