// One block of quantised weights taken apart: the form between a file's order, the packed order and
// f32. dequantise() and unpack_row() both go through values_of(), so their values cannot differ.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"
#include "tensor/quant_format.h"

namespace espalier::tensor {

struct QuantBlock {
  static constexpr std::size_t most_elements = 256;
  static constexpr std::size_t most_scales = 16;

  std::uint16_t scale = 0;    // f16; d of dtype.h
  std::uint16_t minimum = 0;  // f16; m, where the dtype has minima
  // s and t of a dtype with block_scales, in the order of the elements that they belong to.
  std::array<std::int8_t, most_scales> scales{};
  std::array<std::uint8_t, most_scales> minima{};
  std::array<std::uint8_t, most_elements> codes{};  // unsigned (quant_format.h)
};

// Takes apart the info(Type).block_bytes bytes at `source`, of any alignment. Any bytes will do.
template <DType Type>
void read_block(const std::byte* source, QuantBlock& block) noexcept;

// The block's info(Type).block_elements elements, rounded as PyPI `gguf` rounds them.
template <DType Type>
void values_of(const QuantBlock& block, float* out) noexcept;

// call.template operator()<Type>() for the quantised `dtype`, so that one line serves all of them.
template <class Call>
void with_quantised(DType dtype, const Call& call) noexcept {
  switch (dtype) {
    case DType::q8_0:
      return call.template operator()<DType::q8_0>();
    case DType::q4_0:
      return call.template operator()<DType::q4_0>();
    case DType::q4_1:
      return call.template operator()<DType::q4_1>();
    case DType::q5_0:
      return call.template operator()<DType::q5_0>();
    case DType::q5_1:
      return call.template operator()<DType::q5_1>();
    case DType::q2_k:
      return call.template operator()<DType::q2_k>();
    case DType::q3_k:
      return call.template operator()<DType::q3_k>();
    case DType::q4_k:
      return call.template operator()<DType::q4_k>();
    case DType::q5_k:
      return call.template operator()<DType::q5_k>();
    case DType::q6_k:
      return call.template operator()<DType::q6_k>();
    case DType::f32:
    case DType::f16:
    case DType::bf16:
      return;
  }
}

}  // namespace espalier::tensor
