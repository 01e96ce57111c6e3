// What the matmuls of matmul.h come down to: pointers and counts.
//
// Files compiled for an instruction set include this and no class with inline members;
// isa_functions.h says why. matmul.cc fills the structs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace espalier::kernels {

inline constexpr std::size_t matmul_group_rows = 16;  // rows of w side by side in memory
inline constexpr std::size_t matmul_block = 32;       // columns of w whose codes stand together
inline constexpr std::size_t matmul_halves = 2;       // of a block: 16 columns

// y = x · wᵀ over consecutive groups of quantised weights.
struct QuantisedMatmul {
  tensor::DType dtype = tensor::DType::q8_0;
  // Group g at g * group_bytes: the codes, and the other areas of tensor/packed_matrix.h from
  // their offsets on.
  const std::byte* weights = nullptr;
  std::size_t group_bytes = 0;
  std::size_t scales_offset = 0;
  std::size_t minima_offset = 0;
  std::size_t block_scales_offset = 0;
  std::size_t block_minima_offset = 0;
  std::size_t blocks = 0;  // K / 32
  std::size_t rows = 0;    // ends within the last group: what pads it is not written
  // Token t, half h of block b, i = 2 * (t * blocks + b) + h: 16 codes at codes + 16 * i, two lane
  // sums at lane_sums + 2 * i. Its scale, but for AVX2: scales[i].
  const std::int8_t* codes = nullptr;
  const float* scales = nullptr;
  const std::int16_t* lane_sums = nullptr;
  // For AVX2 alone: steps[t * blocks + b], sums[t * blocks + b] and units[t].
  const std::int32_t* steps = nullptr;
  const float* sums = nullptr;
  const float* units = nullptr;
  std::size_t tokens = 0;
  float* y = nullptr;  // y[t * y_stride + row]
  std::size_t y_stride = 0;
};

// y = x · wᵀ over consecutive groups of F32, F16 or BF16 weights.
struct FloatMatmul {
  tensor::DType dtype = tensor::DType::f32;
  const std::byte* weights = nullptr;  // group g: [K][16] elements at g * group_bytes
  std::size_t group_bytes = 0;
  std::size_t cols = 0;  // K
  std::size_t rows = 0;
  const float* x = nullptr;  // x[t * x_stride + k]
  std::size_t x_stride = 0;
  std::size_t tokens = 0;
  float* y = nullptr;
  std::size_t y_stride = 0;
};

namespace scalar {
void multiply(const QuantisedMatmul& m) noexcept;
void multiply(const FloatMatmul& m) noexcept;
}  // namespace scalar

namespace avx2 {
void multiply(const QuantisedMatmul& m) noexcept;
void multiply(const FloatMatmul& m) noexcept;
}  // namespace avx2

namespace avx512 {
void multiply(const QuantisedMatmul& m) noexcept;
void multiply(const FloatMatmul& m) noexcept;
}  // namespace avx512

}  // namespace espalier::kernels
