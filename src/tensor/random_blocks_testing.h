// Random stored rows for tests: every bit pattern of the codes, scales that are finite halves of
// any size.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/quant_format.h"
#include "tensor/tensor_view.h"

namespace espalier::tensor::testing {

// Where a block keeps its f16 scale and minimum; the latter is meaningless where there is none.
struct HalvesOfBlock {
  std::size_t scale;
  std::size_t minimum;
};

inline HalvesOfBlock halves_of_block(DType dtype) {
  switch (dtype) {
    case DType::q2_k:
      return {80, 82};
    case DType::q3_k:
      return {108, 0};
    case DType::q6_k:
      return {208, 0};
    default:
      return {0, 2};
  }
}

inline std::vector<std::byte> random_rows(DType dtype, std::size_t rows, std::size_t cols,
                                          std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(rows * row_bytes(dtype, cols));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 255U);
  const auto put_half = [&](std::size_t at) {
    const auto half = static_cast<std::uint16_t>(random() & 0xffffU);
    const auto finite =
        static_cast<std::uint16_t>((half & 0x7c00U) == 0x7c00U ? half ^ 0x4000U : half);
    std::memcpy(bytes.data() + at, &finite, sizeof finite);
  };
  const std::size_t step = info(dtype).block_bytes;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    if (dtype == DType::f32 || dtype == DType::bf16) {
      const float value = std::ldexp(static_cast<float>(random()) - 0x1p31F, -33);
      // A bfloat16 is the upper half of a float.
      std::memcpy(bytes.data() + at, reinterpret_cast<const std::byte*>(&value) + 4 - step, step);
    } else {
      const HalvesOfBlock halves = halves_of_block(dtype);
      put_half(at + halves.scale);
      if (quant_format(dtype).has_minima) put_half(at + halves.minimum);
    }
  }
  return bytes;
}

inline TensorView view(DType dtype, std::size_t rows, std::size_t cols,
                       const std::vector<std::byte>& bytes) {
  return {dtype, rows, cols, bytes};
}

}  // namespace espalier::tensor::testing
