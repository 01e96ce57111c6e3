// Writes a GGUF file (version 3, little-endian), tensor by tensor, without ever holding more than
// its caller does.
//
//   GgufKeys keys;
//   keys.add("general.architecture", "llama");
//   GgufWriter writer("model.gguf", keys, {{"output_norm.weight", find_ggml_type(DType::f32),
//   {576}}}); writer.write(bytes); writer.finish();
//
// The file appears at its path when it is finished, whole; until then what stood there stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/output_file.h"
#include "tensor/ggml_type.h"
#include "tensor/gguf_keys.h"

namespace espalier::tensor {

struct GgufEntry {
  std::string name;
  const GgmlType* type = nullptr;  // from find_ggml_type()
  std::vector<std::size_t> shape;  // in the file's order: shape[0] lies contiguous; 1 to 4 sizes
};

class GgufWriter {
 public:
  // Tensors start at multiples of keys.alignment(). Throws InvalidArgument naming the tensor where
  // a name is empty, longer than 64 bytes or used twice, a type is null or was removed from the
  // format, or a shape is not one that the type can have; AssetsUnavailable, here and below, where
  // the file cannot be written.
  GgufWriter(const std::filesystem::path& path, const GgufKeys& keys,
             std::vector<GgufEntry> entries);

  // The next tensor's next bytes, in the order of the entries: all of it or a part, never of two.
  void write(std::span<const std::byte> bytes);

  // Throws InvalidArgument where bytes are missing.
  void finish();

 private:
  base::OutputFile file_;
  std::vector<GgufEntry> entries_;
  std::vector<std::uint64_t> sizes_;
  std::size_t alignment_;
  std::size_t current_ = 0;   // the tensor that is being written
  std::uint64_t so_far_ = 0;  // bytes of it
};

}  // namespace espalier::tensor
