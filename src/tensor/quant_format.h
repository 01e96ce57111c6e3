// What distinguishes the quantised dtypes, as numbers: packing and kernels are written once over
// them. Files compiled for an instruction set include this, so everything is a constant.
#pragma once

#include <cstddef>

#include "tensor/dtype.h"

namespace espalier::tensor {

// An element is scale · (code − offset) + minimum, with an unsigned code of `bits` bits. Every
// `scale_elements` elements share a scale and a minimum, which are
//   f16 numbers                                     where block_scales is false,
//   a block's f16 number times a small integer      where it is true: scale = d · s, minimum =
//                                                   −m · t. Both products are exact in f32: 11 bits
//                                                   of a half times at most 8.
struct QuantFormat {
  std::size_t bits = 0;
  std::size_t high_bits = 0;  // of them, those that memory keeps apart from the lower 8, 4 or 2
  int offset = 0;
  std::size_t scale_elements = 0;
  bool has_minima = false;
  bool block_scales = false;

  constexpr std::size_t low_bits() const noexcept { return bits - high_bits; }
};

// For a dtype that is not quantised, bits are 0.
constexpr QuantFormat quant_format(DType dtype) noexcept {
  switch (dtype) {
    case DType::q8_0:  // stored as int8, which is the unsigned code with its top bit flipped
      return {8, 0, 128, 32, false, false};
    case DType::q4_0:
      return {4, 0, 8, 32, false, false};
    case DType::q4_1:
      return {4, 0, 0, 32, true, false};
    case DType::q5_0:
      return {5, 1, 16, 32, false, false};
    case DType::q5_1:
      return {5, 1, 0, 32, true, false};
    case DType::q2_k:
      return {2, 0, 0, 16, true, true};
    case DType::q3_k:
      return {3, 1, 4, 16, false, true};
    case DType::q4_k:
      return {4, 0, 0, 32, true, true};
    case DType::q5_k:
      return {5, 1, 0, 32, true, true};
    case DType::q6_k:
      return {6, 2, 32, 16, false, true};
    case DType::f32:
    case DType::f16:
    case DType::bf16:
      break;
  }
  return {};
}

}  // namespace espalier::tensor
