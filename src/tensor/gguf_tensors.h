// The tensor directory of a GGUF file: what is where, checked against the bytes that are there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tensor/byte_cursor.h"
#include "tensor/ggml_type.h"

namespace espalier::tensor {

struct GgufTensor {
  std::string_view name;
  const GgmlType* type =
      nullptr;  // never null in a directory; may be one that cannot be computed with
  // Sizes in the file's order: shape[0] is the dimension that lies contiguous (K of a weight), the
  // last of `dims` the slowest. The sizes behind `dims` are 1.
  std::array<std::size_t, 4> shape = {1, 1, 1, 1};
  std::size_t dims = 1;
  std::size_t offset = 0;            // from the start of the file
  std::span<const std::byte> bytes;  // just the elements, no padding

  std::size_t cols() const noexcept { return shape[0]; }
  std::size_t rows() const noexcept { return shape[1] * shape[2] * shape[3]; }
};

// The fewest bytes that a tensor's entry in the directory can have: a name of one letter, one
// dimension.
inline constexpr std::size_t smallest_gguf_tensor = 8 + 1 + 4 + 8 + 4 + 8;

// Reads `count` entries, in the file's order. Throws InvalidFile naming the tensor where
//   - a name is empty, longer than 64 bytes or used before;
//   - a shape has no or more than 4 dimensions, a size of 0, a size that cuts a block, or more
//   elements
//     than 64 bits count;
//   - a type is unknown or was removed from the format;
//   - the elements do not start at a multiple of `alignment`, reach past the end of the file, or
//   share
//     bytes with another tensor;
//   - bytes are left over between or behind the tensors: then a shape does not say what the data
//   is.
std::vector<GgufTensor> read_gguf_tensors(ByteCursor& cursor, std::uint64_t count,
                                          std::size_t alignment);

}  // namespace espalier::tensor
