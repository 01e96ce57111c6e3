// A weight matrix as a file holds it: rows of one dtype, one after the other. It owns nothing.
#pragma once

#include <cassert>
#include <cstddef>
#include <span>

#include "tensor/dtype.h"

namespace espalier::tensor {

struct TensorView {
  DType dtype = DType::f32;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::span<const std::byte> bytes;  // rows * row_bytes(dtype, cols); no alignment is promised

  std::span<const std::byte> row(std::size_t i) const noexcept {
    assert(i < rows);
    const std::size_t length = row_bytes(dtype, cols);
    return bytes.subspan(i * length, length);
  }
};

}  // namespace espalier::tensor
