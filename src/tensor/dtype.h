// The element types that weights are stored and computed in.
//
// The quantised ones hold 32 or 256 consecutive elements of a row as one block (ggml's layouts,
// little-endian; d and m are f16, spelled in the order in which they stand):
//
//   q8_0   d, 32 × int8                                       value = d · code
//   q4_0   d, 16 bytes                                        value = d · (code − 8)
//   q4_1   d, m, 16 bytes                                     value = d · code + m
//   q5_0   d, 32 high bits, 16 bytes                          value = d · (code − 16)
//   q5_1   d, m, 32 high bits, 16 bytes                       value = d · code + m
//   q2_k   16 × (4-bit s, 4-bit t), 64 bytes, d, m            value = d·s · code − m·t
//   q3_k   256 high bits, 64 bytes, 16 × 6-bit s, d           value = d·(s − 32) · (code − 4)
//   q4_k   d, m, 8 × (6-bit s, 6-bit t), 128 bytes            value = d·s · code − m·t
//   q5_k   d, m, 8 × (6-bit s, 6-bit t), 32 bytes, 128 bytes  value = d·s · code − m·t
//   q6_k   128 bytes, 64 bytes, 16 × int8 s, d                value = d·s · (code − 32)
//
// Byte i of a 4-bit or 5-bit block holds element i in its low half and element 16 + i in its high
// half. A block of 256 has a scale s (and t) for each 16 or 32 elements; quant_block.cc knows where
// it keeps which bit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace espalier::tensor {

enum class DType : std::uint8_t {
  f32,
  f16,
  bf16,
  q8_0,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k
};

inline constexpr std::array all_dtypes = {
    DType::f32,  DType::f16,  DType::bf16, DType::q8_0, DType::q4_0, DType::q4_1, DType::q5_0,
    DType::q5_1, DType::q2_k, DType::q3_k, DType::q4_k, DType::q5_k, DType::q6_k};

struct DTypeInfo {
  std::string_view name;
  std::size_t block_elements;
  std::size_t block_bytes;
};

constexpr DTypeInfo info(DType dtype) noexcept {
  switch (dtype) {
    case DType::f32:
      return {"F32", 1, 4};
    case DType::f16:
      return {"F16", 1, 2};
    case DType::bf16:
      return {"BF16", 1, 2};
    case DType::q8_0:
      return {"Q8_0", 32, 34};
    case DType::q4_0:
      return {"Q4_0", 32, 18};
    case DType::q4_1:
      return {"Q4_1", 32, 20};
    case DType::q5_0:
      return {"Q5_0", 32, 22};
    case DType::q5_1:
      return {"Q5_1", 32, 24};
    case DType::q2_k:
      return {"Q2_K", 256, 84};
    case DType::q3_k:
      return {"Q3_K", 256, 110};
    case DType::q4_k:
      return {"Q4_K", 256, 144};
    case DType::q5_k:
      return {"Q5_K", 256, 176};
    case DType::q6_k:
      return {"Q6_K", 256, 210};
  }
  return {"unknown", 1, 0};
}

constexpr std::string_view name(DType dtype) noexcept { return info(dtype).name; }

constexpr bool is_quantised(DType dtype) noexcept { return info(dtype).block_elements > 1; }

// Bytes of a row of `cols` elements; cols must be a multiple of the type's block_elements.
constexpr std::size_t row_bytes(DType dtype, std::size_t cols) noexcept {
  return cols / info(dtype).block_elements * info(dtype).block_bytes;
}

}  // namespace espalier::tensor
