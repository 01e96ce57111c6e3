// f32 to what a file stores: the way back from dequantise.h, for the types without blocks.
#pragma once

#include <cstddef>
#include <span>

#include "tensor/dtype.h"

namespace espalier::tensor {

// out = element k of `values`, rounded to nearest (ties to even), for every k.
//   dtype   f32, f16 or bf16
//   values  f32 [K]
//   out     row_bytes(dtype, K) bytes, at any alignment
//
// False where a number became infinite on the way: f16 ends at 65,504.
bool store_floats(DType dtype, std::span<const float> values, std::span<std::byte> out) noexcept;

}  // namespace espalier::tensor
