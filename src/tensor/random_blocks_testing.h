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
#include "tensor/float16.h"
#include "tensor/tensor_view.h"

namespace espalier::tensor::testing {

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
    if (dtype == DType::f32) {
      const float value = std::ldexp(static_cast<float>(random()) - 0x1p31F, -33);
      std::memcpy(bytes.data() + at, &value, sizeof value);
      continue;
    }
    put_half(at);
    if (dtype == DType::q4_1) put_half(at + 2);
  }
  return bytes;
}

inline TensorView view(DType dtype, std::size_t rows, std::size_t cols,
                       const std::vector<std::byte>& bytes) {
  return {dtype, rows, cols, bytes};
}

}  // namespace espalier::tensor::testing
