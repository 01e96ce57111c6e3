// Stored elements to f32: the plain reference for every dtype. The values equal those of PyPI
// `gguf` (gguf.quants.dequantize) bit for bit; tests/oracles/dequantise_oracle.py compares them.
#pragma once

#include <cstddef>
#include <span>

#include "tensor/dtype.h"

namespace espalier::tensor {

// out[k] = element k of a row.
//   out     f32 [K], K a multiple of the dtype's block_elements
//   source  row_bytes(dtype, K) bytes, at any alignment
void dequantise(DType dtype, std::span<const std::byte> source, std::span<float> out) noexcept;

}  // namespace espalier::tensor
