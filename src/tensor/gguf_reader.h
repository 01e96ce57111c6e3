// A GGUF file (versions 2 and 3, little-endian, in one piece), as llama.cpp and PyPI `gguf` write
// it.
//
//   const GgufFile file = GgufFile::open("model.gguf");
//   const auto layers = file.metadata().get_integer<std::uint32_t>("llama.block_count");
//   const PackedMatrix head = pack(file.weights("output.weight"));
//
// Goals: opening costs a walk over the keys (milliseconds for a vocabulary of 262,144) and copies
// no data; a hostile file gets an InvalidFile that names the fault, whatever it holds, at a cost in
// memory of a few megabytes at most. Not goals: big-endian files, split files, version 1.
//
// After a file has opened, every tensor lies inside it, at its alignment, apart from the others,
// and has just the bytes that its shape asks for. Any number of threads may read a GgufFile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "tensor/gguf_metadata.h"
#include "tensor/gguf_tensors.h"
#include "tensor/name_index.h"
#include "tensor/tensor_view.h"

namespace espalier::tensor {

class GgufFile {
 public:
  // Maps the file. Throws AssetsUnavailable where it cannot be read and InvalidFile where it breaks
  // the format's rules.
  static GgufFile open(const std::filesystem::path& path);

  // The same over bytes that must outlive the result; `name` stands for the file in messages.
  static GgufFile parse(std::string name, std::span<const std::byte> bytes);

  // The file's name as messages spell it: its path, or what parse() was given.
  const std::string& name() const noexcept { return name_; }
  std::uint32_t version() const noexcept { return version_; }
  std::size_t size() const noexcept { return size_; }
  const GgufMetadata& metadata() const noexcept { return metadata_; }

  // In the order of the file's directory.
  std::span<const GgufTensor> tensors() const noexcept { return tensors_; }

  // Null where there is no such tensor.
  const GgufTensor* find_tensor(std::string_view name) const noexcept;

  // Throws InvalidFile naming the missing tensor.
  const GgufTensor& tensor(std::string_view name) const;

  // The tensor's elements as a matrix [rows, cols] to compute with; all dimensions but the first
  // make up the rows. Throws InvalidFile where the tensor's type is not one of DType, naming it and
  // what to do.
  TensorView weights(const GgufTensor& tensor) const;
  TensorView weights(std::string_view name) const { return weights(tensor(name)); }

  // Says that a tensor's bytes have been packed and will not be read again soon: their pages leave
  // this process. Nothing to do for bytes given to parse().
  void release(const GgufTensor& tensor) const noexcept;

 private:
  GgufFile() = default;

  std::string name_;
  std::optional<base::MappedFile> mapping_;
  std::uint32_t version_ = 0;
  std::size_t size_ = 0;
  GgufMetadata metadata_;
  std::vector<GgufTensor> tensors_;
  NameIndex by_name_;
};

}  // namespace espalier::tensor
