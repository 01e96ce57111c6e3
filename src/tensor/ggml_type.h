// The element types that a GGUF file may name: all of them, so that a file with a type we do not
// compute with can still be listed and checked, and is refused by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tensor/dtype.h"

namespace espalier::tensor {

struct GgmlType {
  std::uint32_t tag;             // as the file spells it
  std::string_view name;         // as ggml spells it
  std::uint32_t block_elements;  // 0: removed from the format, its size is no longer defined
  std::uint32_t block_bytes;
  std::optional<DType> dtype;  // what this project reads it as, if it does
};

// Null for a tag that no version known to this reader has used.
const GgmlType* find_ggml_type(std::uint32_t tag) noexcept;

// How a GGUF file spells the type; null for those that it cannot hold.
const GgmlType* find_ggml_type(DType dtype) noexcept;

}  // namespace espalier::tensor
