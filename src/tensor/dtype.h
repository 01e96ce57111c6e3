// The element types that weights are stored and computed in.
//
// The quantised ones hold 32 consecutive elements of a row as one block (ggml's layouts,
// little-endian; d and m are f16):
//
//   q8_0   d, 32 × int8                      value = d · code
//   q4_0   d, 16 bytes of two codes          value = d · (code − 8)
//   q4_1   d, m, 16 bytes of two codes       value = d · code + m
//
// Byte i of a 4-bit block holds element i in its low half and element 16 + i in its high half.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace espalier::tensor {

enum class DType : std::uint8_t { f32, f16, q8_0, q4_0, q4_1 };

inline constexpr std::array all_dtypes = {DType::f32, DType::f16, DType::q8_0, DType::q4_0,
                                          DType::q4_1};

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
    case DType::q8_0:
      return {"Q8_0", 32, 34};
    case DType::q4_0:
      return {"Q4_0", 32, 18};
    case DType::q4_1:
      return {"Q4_1", 32, 20};
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
