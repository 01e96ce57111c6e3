// The header of a safetensors file: what is where, checked against the bytes that are there.
//
//   u64      N, the header's length, little-endian
//   N bytes  a JSON object, spaces behind it:
//              {"__metadata__": {"format": "pt"},
//               "model.norm.weight": {"dtype": "F32", "shape": [576], "data_offsets": [0, 2304]},
//               …}
//   the rest the tensors' elements; offsets count from its start
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "tensor/safetensors_type.h"

namespace espalier::tensor {

struct SafetensorsTensor {
  std::string_view name;
  const SafetensorsType* type =
      nullptr;  // never null in a header; may be one that cannot be computed with
  // Sizes in the file's order: shape[dims - 1] is the dimension that lies contiguous (K of a
  // weight [N, K]). The sizes behind `dims` are 1; a scalar has no dimensions; a size may be 0.
  std::array<std::size_t, 8> shape = {1, 1, 1, 1, 1, 1, 1, 1};
  std::size_t dims = 0;
  std::size_t offset = 0;            // from the start of the file
  std::span<const std::byte> bytes;  // just the elements
  std::uint32_t shard = 0;           // which of a folder's files holds it

  std::span<const std::size_t> sizes() const noexcept { return {shape.data(), dims}; }
  std::size_t cols() const noexcept { return dims == 0 ? 1 : shape[dims - 1]; }
  std::size_t rows() const noexcept;
};

// "2 x 3", and "a scalar" for no dimensions.
std::string shape_text(std::span<const std::size_t> sizes);

struct SafetensorsHeader {
  std::vector<SafetensorsTensor> tensors;                               // in the header's order
  std::vector<std::pair<std::string_view, std::string_view>> metadata;  // likewise
  std::optional<base::JsonDocument> text;  // what names and metadata are views of
};

// How many are read: far beyond any known model.
inline constexpr std::size_t most_safetensors = 65'536;
inline constexpr std::size_t most_safetensors_metadata = 1'024;

// Reads the header at the start of a file. Throws InvalidFile naming `file` and the tensor where
//   - the header is longer than 100 MB (the format's limit) or than the file, is no JSON object, or
//     has a key that the format does not know;
//   - a dtype is unknown, a shape has more than 8 sizes or more elements than 64 bits count;
//   - the offsets hold another number of bytes than the shape asks for, or reach past the end;
//   - two tensors share bytes, or bytes belong to no tensor.
SafetensorsHeader read_safetensors_header(std::string_view file, std::span<const std::byte> bytes);

}  // namespace espalier::tensor
