// Activations as int8, the left-hand side of every low-bit matmul.
//
// A row x[K] is cut into blocks of 16. Per block: scale s = max|x| / 127 and codes q =
// round-to-nearest-even(x / s) in [-127, 127], all zero where s is zero. Blocks of 32 would halve
// the scales but double the error: docs/decisions/008 has the figures.
//
// Kernels take the offsets of unsigned weight codes out, and multiply minima, once a block with the
// sum of its codes. Those that add in int16 lanes need the share of each lane, so a block has two
// lane sums: [p] = Σ codes k = 4j + i with i / 2 = p (j and i below 4), each at most 8 · 127 =
// 1,016.
//
// All instruction sets give the same bits. A block that holds a NaN or an infinity gets the scale
// NaN and zero codes, so whatever it reaches is NaN; where s is subnormal and coarse, codes are
// clamped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tensor/rows.h"

namespace espalier::kernels {

inline constexpr std::size_t quant_block = 16;
inline constexpr std::size_t quant_lane_sums = 2;  // of a block

// A buffer for T rows of K codes; resize() keeps its memory, so a decode step allocates nothing.
class QuantisedRows {
 public:
  // cols must be a multiple of quant_block.
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

 private:
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::vector<std::int8_t> codes_;
  std::vector<float> scales_;
  std::vector<std::int16_t> lane_sums_;
};

// Fills rows [row_begin, row_end) of `out` from the same rows of x. out was resized to x's shape.
using QuantiseRowsFn = void(tensor::Rows<const float> x, std::size_t row_begin, std::size_t row_end,
                            QuantisedRows& out) noexcept;

}  // namespace espalier::kernels
