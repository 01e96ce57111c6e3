// Writes a safetensors file, tensor by tensor, without ever holding more than its caller does.
//
//   const SafetensorsType* type = find_safetensors_type(DType::f32);
//   SafetensorsWriter writer("m.safetensors", {{"norm", type, {576}}, …}, {{"format", "pt"}});
//   for (const SafetensorsEntry& entry : writer.entries()) writer.write(bytes_of(entry.name));
//   writer.finish();
//
// The first tensor starts at a multiple of 64 bytes (spaces behind the header see to that), and as
// wide types come first, each tensor is aligned to its elements. The file appears at its path when
// it is finished, whole; until then what stood there stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/output_file.h"
#include "tensor/safetensors_type.h"

namespace espalier::tensor {

struct SafetensorsEntry {
  std::string name;
  const SafetensorsType* type = nullptr;  // from find_safetensors_type()
  std::vector<std::size_t> shape;         // the last size lies contiguous; empty for a scalar
};

class SafetensorsWriter {
 public:
  using Metadata = std::vector<std::pair<std::string, std::string>>;

  // Throws InvalidArgument where a name is empty, "__metadata__", not UTF-8 or used twice, a type
  // is null, or a shape has more than 8 sizes or no whole number of bytes; AssetsUnavailable, here
  // and below, where the file cannot be written.
  SafetensorsWriter(const std::filesystem::path& path, std::vector<SafetensorsEntry> entries,
                    const Metadata& metadata = {});

  // In the order in which their bytes are to be written: wide types first, else as they were given.
  std::span<const SafetensorsEntry> entries() const noexcept { return entries_; }

  // The next bytes: of one tensor, of a part of one, or of several.
  void write(std::span<const std::byte> bytes) { file_.write(bytes); }

  // Throws InvalidArgument where more or fewer bytes were written than the shapes ask for.
  void finish();

 private:
  base::OutputFile file_;
  std::vector<SafetensorsEntry> entries_;
  std::uint64_t whole_size_ = 0;
};

}  // namespace espalier::tensor
