// Writes small safetensors files for tests, right or wrong in any part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tensor/gguf_builder_testing.h"

namespace espalier::tensor::testing {

// A file of this header, taken at its word.
inline std::string safetensors(std::string_view header, std::string_view data = {},
                               std::optional<std::uint64_t> header_length = {}) {
  return le(header_length.value_or(header.size())) + std::string(header) + std::string(data);
}

inline std::string safetensors_entry(std::string_view name, std::string_view dtype,
                                     std::string_view shape, std::size_t begin, std::size_t end) {
  return "\"" + std::string(name) + "\":{\"dtype\":\"" + std::string(dtype) + "\",\"shape\":[" +
         std::string(shape) + "],\"data_offsets\":[" + std::to_string(begin) + "," +
         std::to_string(end) + "]}";
}

// Metadata and four tensors: 'a' F32 [2, 3] at 0, 'b' F16 [4] at 24, 'c' I64, a scalar, at 32, 'd'
// F8_E4M3 [0, 7], which is empty, at 40.
inline std::string small_safetensors() {
  std::string data(40, '\0');
  for (std::size_t i = 0; i < 6; ++i) data.replace(4 * i, 4, le(static_cast<float>(i)));
  for (std::size_t i = 0; i < 4; ++i) data.replace(24 + 2 * i, 2, le<std::uint16_t>(0x3c00));
  return safetensors("{\"__metadata__\":{\"format\":\"pt\",\"licence\":\"\"}," +
                         safetensors_entry("b", "F16", "4", 24, 32) + "," +
                         safetensors_entry("a", "F32", "2,3", 0, 24) + "," +
                         safetensors_entry("c", "I64", "", 32, 40) + "," +
                         safetensors_entry("d", "F8_E4M3", "0,7", 40, 40) + "}  ",
                     data);
}

}  // namespace espalier::tensor::testing
