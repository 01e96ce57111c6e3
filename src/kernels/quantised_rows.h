// Activations as int8, the left-hand side of every low-bit matmul.
//
// A row x[K] is cut into blocks of 32 columns with two scales, 16 columns each. Scale s = max|x| /
// 127, codes q = round-to-nearest-even(x / s) in [-127, 127], x ≈ s · q. One scale for 32 would
// double the error: docs/decisions/008 has the figures.
//
// Who shares a scale is up to the instruction set, and codes are for the matmuls of the one that
// made them (docs/decisions/014 says why):
//
// - Scalar and AVX-512, which give the same bits: the block's halves, columns 0 to 15 and 16 to 31.
//   s is any f32. Codes are zero where it is zero, and clamped where it is subnormal and coarse.
// - AVX2: pairs of columns in turn, k % 4 < 2 and k % 4 ≥ 2. s is exactly `step` times the row's
//   `unit`: unit = 2^-20 times the largest power of two in a |x| of the row, at least 2^-126;
//   step = max(1, ⌈max|x| / 127 / unit⌉), at most ⌈2^21 / 127⌉ = 16,514. Rounding up makes the
//   largest scale of a row at most 0.012 % larger than it need be, one a hundredth of it 1.2 %.
//
// Kernels take the offsets of unsigned weight codes out, and multiply minima, with sums of codes.
// Those that add in int16 lanes need the share of each lane, so half a block has two lane sums:
// [p] = Σ codes k = 4j + i with i / 2 = p (j and i below 4), each at most 8 · 127 = 1,016.
//
// A NaN or an infinity has no scale: its 16 columns, or with AVX2 its row, get the scale NaN and
// zero codes, so whatever it reaches is NaN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tensor/rows.h"

namespace espalier::kernels {

inline constexpr std::size_t quant_block = 16;     // columns that share a scale
inline constexpr std::size_t quant_lane_sums = 2;  // of 16 columns

// A buffer for T rows of K codes; resize() keeps its memory, so a decode step allocates nothing.
class QuantisedRows {
 public:
  // cols must be a multiple of 2 * quant_block.
  void resize(std::size_t rows, std::size_t cols);

  std::size_t rows() const noexcept { return rows_; }
  std::size_t cols() const noexcept { return cols_; }
  std::size_t blocks() const noexcept { return cols_ / quant_block; }

  std::int8_t* codes(std::size_t row) noexcept { return codes_.data() + row * cols_; }
  const std::int8_t* codes(std::size_t row) const noexcept { return codes_.data() + row * cols_; }
  float* scales(std::size_t row) noexcept { return scales_.data() + row * blocks(); }
  const float* scales(std::size_t row) const noexcept { return scales_.data() + row * blocks(); }
  std::int16_t* lane_sums(std::size_t row) noexcept {
    return lane_sums_.data() + row * blocks() * quant_lane_sums;
  }
  const std::int16_t* lane_sums(std::size_t row) const noexcept {
    return lane_sums_.data() + row * blocks() * quant_lane_sums;
  }

  // AVX2 alone. Of each block of 32 columns, both steps as int16 in one dword and Σ step · code; of
  // a row, its unit.
  std::int32_t* steps(std::size_t row) noexcept { return steps_.data() + row * blocks() / 2; }
  const std::int32_t* steps(std::size_t row) const noexcept {
    return steps_.data() + row * blocks() / 2;
  }
  float* sums(std::size_t row) noexcept { return sums_.data() + row * blocks() / 2; }
  const float* sums(std::size_t row) const noexcept { return sums_.data() + row * blocks() / 2; }
  float* units(std::size_t row) noexcept { return units_.data() + row; }
  const float* units(std::size_t row) const noexcept { return units_.data() + row; }

 private:
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::vector<std::int8_t> codes_;
  std::vector<float> scales_;
  std::vector<std::int16_t> lane_sums_;
  std::vector<std::int32_t> steps_;
  std::vector<float> sums_;
  std::vector<float> units_;
};

// Fills rows [row_begin, row_end) of `out` from the same rows of x. out was resized to x's shape.
using QuantiseRowsFn = void(tensor::Rows<const float> x, std::size_t row_begin, std::size_t row_end,
                            QuantisedRows& out) noexcept;

}  // namespace espalier::kernels
