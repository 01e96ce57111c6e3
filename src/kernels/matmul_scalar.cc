// The reference: matmul.h's order of accumulation in plain loops, rounding after every step.
#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/matmul_args.h"
#include "tensor/float16.h"

namespace espalier::kernels::scalar {
namespace {

using tensor::DType;

float half_at(const std::byte* at) {
  std::uint16_t half = 0;
  std::memcpy(&half, at, sizeof half);
  return tensor::half_to_float(half);
}

// Code k of row r in a block (the layout of tensor/packed_matrix.h), the offset of Q4_0 taken out.
int code_at(DType dtype, const std::byte* block, std::size_t r, std::size_t k) {
  const auto byte_of = [&](std::size_t i) {
    return static_cast<std::uint8_t>(block[(i / 4 * matmul_group_rows + r) * 4 + i % 4]);
  };
  if (dtype == DType::q8_0) return static_cast<std::int8_t>(byte_of(k));
  const std::uint8_t pair = byte_of(k % 16);
  const int code = k < 16 ? pair & 15 : pair >> 4;
  return dtype == DType::q4_0 ? code - 8 : code;
}

// Row r's codes of one block; unpacked once for all tokens.
using BlockCodes = std::array<int, matmul_block>;

BlockCodes unpack_block(DType dtype, const std::byte* block, std::size_t r) {
  BlockCodes codes{};
  for (std::size_t k = 0; k < matmul_block; ++k) codes[k] = code_at(dtype, block, r, k);
  return codes;
}

int dot(const BlockCodes& w, const std::int8_t* x) {
  int sum = 0;
  for (std::size_t k = 0; k < matmul_block; ++k) sum += w[k] * x[k];
  return sum;
}

void multiply_row(const QuantisedMatmul& m, const std::byte* group, std::size_t r, float* y) {
  const std::size_t block_bytes =
      matmul_group_rows * matmul_block / (m.dtype == DType::q8_0 ? 1 : 2);
  for (std::size_t t = 0; t < m.tokens; ++t) y[t * m.y_stride] = 0.0F;
  for (std::size_t b = 0; b < m.blocks; ++b) {
    const BlockCodes codes = unpack_block(m.dtype, group + b * block_bytes, r);
    const std::size_t half = (b * matmul_group_rows + r) * sizeof(std::uint16_t);
    const float scale = half_at(group + m.scales_offset + half);
    const float minimum = m.dtype == DType::q4_1 ? half_at(group + m.minima_offset + half) : 0.0F;
    for (std::size_t t = 0; t < m.tokens; ++t) {
      const std::size_t at = t * m.blocks + b;
      float& sum = y[t * m.y_stride];
      sum += scale * m.scales[at] * static_cast<float>(dot(codes, m.codes + at * matmul_block));
      if (m.dtype == DType::q4_1) sum += minimum * (m.scales[at] * static_cast<float>(m.sums[at]));
    }
  }
}

float element_at(const FloatMatmul& m, const std::byte* group, std::size_t k, std::size_t r) {
  const std::size_t at = k * matmul_group_rows + r;
  if (m.dtype == DType::f16) return half_at(group + at * sizeof(std::uint16_t));
  float value = 0.0F;
  std::memcpy(&value, group + at * sizeof value, sizeof value);
  return value;
}

void multiply_row(const FloatMatmul& m, const std::byte* group, std::size_t r, float* y) {
  for (std::size_t t = 0; t < m.tokens; ++t) {
    const float* x = m.x + t * m.x_stride;
    std::array<float, 4> chains{};
    for (std::size_t k = 0; k < m.cols; ++k) chains[k % 4] += element_at(m, group, k, r) * x[k];
    y[t * m.y_stride] = (chains[0] + chains[1]) + (chains[2] + chains[3]);
  }
}

template <class Args>
void multiply_rows(const Args& m) {
  for (std::size_t row = 0; row < m.rows; ++row) {
    const std::byte* group = m.weights + row / matmul_group_rows * m.group_bytes;
    multiply_row(m, group, row % matmul_group_rows, m.y + row);
  }
}

}  // namespace

void multiply(const QuantisedMatmul& m) noexcept { multiply_rows(m); }
void multiply(const FloatMatmul& m) noexcept { multiply_rows(m); }

}  // namespace espalier::kernels::scalar
