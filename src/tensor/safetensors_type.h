// The element types that a safetensors file may name: all of them, so that a file with a type we do
// not compute with can still be listed and checked, and is refused by name.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "tensor/dtype.h"

namespace espalier::tensor {

struct SafetensorsType {
  std::string_view name;       // as the file spells it
  std::uint32_t bits;          // of an element; some take half a byte
  std::optional<DType> dtype;  // what this project reads it as, if it does
};

std::span<const SafetensorsType> safetensors_types() noexcept;

// Null for a name that the format does not know.
const SafetensorsType* find_safetensors_type(std::string_view name) noexcept;

// How a safetensors file spells the type; null for those that it cannot hold (blocks).
const SafetensorsType* find_safetensors_type(DType dtype) noexcept;

}  // namespace espalier::tensor
