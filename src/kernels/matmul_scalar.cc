// The reference: matmul.h's order of accumulation in plain loops, rounding after every step.
#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/matmul_args.h"
#include "tensor/bfloat16.h"
#include "tensor/float16.h"
#include "tensor/quant_format.h"

namespace espalier::kernels::scalar {
namespace {

using tensor::DType;
using tensor::QuantFormat;

float bfloat16_at(const std::byte* at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  return tensor::bfloat16_to_float(bits);
}

float half_at(const std::byte* at) {
  std::uint16_t half = 0;
  std::memcpy(&half, at, sizeof half);
  return tensor::half_to_float(half);
}

using Columns = std::array<int, matmul_block>;

// Row r's 32 codes of one block, offsets taken out (the layout of tensor/packed_matrix.h); unpacked
// once for all tokens.
Columns unpack_block(DType dtype, const std::byte* block, std::size_t r) {
  const QuantFormat format = tensor::quant_format(dtype);
  Columns codes{};
  for (std::size_t k = 0; k < matmul_block; ++k) {
    const std::size_t h = k / 16;
    const std::size_t j = k % 16 / 4;
    const auto byte_of = [&](std::size_t vector) {
      return std::to_integer<unsigned>(block[(vector * matmul_group_rows + r) * 4 + k % 4]);
    };
    const std::size_t low = format.low_bits();
    unsigned code = 0;
    if (low == 8) code = byte_of(4 * h + j) ^ 0x80U;
    if (low == 4) code = byte_of(j) >> 4 * h & 15U;
    if (low == 2) code = byte_of(h) >> 2 * j & 3U;
    if (format.high_bits == 1) code |= (byte_of(low) >> (4 * h + j) & 1U) << low;
    if (format.high_bits == 2) code |= (byte_of(low + h) >> 2 * j & 3U) << low;
    codes[k] = static_cast<int>(code) - format.offset;
  }
  return codes;
}

struct Scale {
  float scale = 0.0F;
  float minimum = 0.0F;
};

// What columns [run * scale_elements, (run + 1) * scale_elements) of row r share.
Scale scale_of(const QuantisedMatmul& m, const std::byte* group, std::size_t r, std::size_t run) {
  const QuantFormat format = tensor::quant_format(m.dtype);
  const auto area_half = [&](std::size_t area, std::size_t i) {
    return half_at(group + area + (i * matmul_group_rows + r) * sizeof(std::uint16_t));
  };
  Scale result;
  if (!format.block_scales) {
    result.scale = area_half(m.scales_offset, run);
    if (format.has_minima) result.minimum = area_half(m.minima_offset, run);
    return result;
  }
  const std::size_t block = run * format.scale_elements / tensor::info(m.dtype).block_elements;
  const auto area_byte = [&](std::size_t area) {
    return std::to_integer<int>(group[area + run * matmul_group_rows + r]);
  };
  int scale = area_byte(m.scales_offset);
  int minimum = 0;
  if (m.dtype == DType::q2_k) {
    minimum = scale >> 4;
    scale &= 15;
  } else if (format.has_minima) {
    minimum = area_byte(m.minima_offset);
  } else {
    scale = static_cast<std::int8_t>(scale);
  }
  result.scale = area_half(m.block_scales_offset, block) * static_cast<float>(scale);
  if (format.has_minima) {
    result.minimum = -(area_half(m.block_minima_offset, block) * static_cast<float>(minimum));
  }
  return result;
}

void multiply_row(const QuantisedMatmul& m, const std::byte* group, std::size_t r, float* y) {
  const QuantFormat format = tensor::quant_format(m.dtype);
  const std::size_t block_bytes = format.bits * matmul_group_rows * sizeof(std::uint32_t);
  constexpr std::size_t half_columns = matmul_block / matmul_halves;
  for (std::size_t t = 0; t < m.tokens; ++t) y[t * m.y_stride] = 0.0F;
  for (std::size_t b = 0; b < m.blocks; ++b) {
    const Columns w = unpack_block(m.dtype, group + b * block_bytes, r);
    for (std::size_t t = 0; t < m.tokens; ++t) {
      const std::int8_t* x = m.codes + (t * m.blocks + b) * matmul_block;
      float& sum = y[t * m.y_stride];
      float scaled_sums = 0.0F;  // of the columns that share a minimum
      for (std::size_t h = 0; h < matmul_halves; ++h) {
        const std::size_t end = (h + 1) * half_columns;
        const float x_scale = m.scales[(t * m.blocks + b) * matmul_halves + h];
        int dot = 0;
        int x_sum = 0;
        for (std::size_t k = h * half_columns; k < end; ++k) {
          dot += w[k] * x[k];
          x_sum += x[k];
        }
        const std::size_t run = (b * matmul_block + end - 1) / format.scale_elements;
        const Scale of_w = scale_of(m, group, r, run);
        sum += of_w.scale * x_scale * static_cast<float>(dot);
        scaled_sums += x_scale * static_cast<float>(x_sum);
        if (end % format.scale_elements != 0) continue;
        if (format.has_minima) sum += of_w.minimum * scaled_sums;
        scaled_sums = 0.0F;
      }
    }
  }
}

float element_at(const FloatMatmul& m, const std::byte* group, std::size_t k, std::size_t r) {
  const std::size_t at = k * matmul_group_rows + r;
  if (m.dtype == DType::f16) return half_at(group + at * sizeof(std::uint16_t));
  if (m.dtype == DType::bf16) return bfloat16_at(group + at * sizeof(std::uint16_t));
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
