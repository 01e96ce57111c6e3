// A safetensors file, as Hugging Face's libraries write it.
//
//   const SafetensorsFile file = SafetensorsFile::open("model.safetensors");
//   const PackedMatrix q = pack(file.weights("model.layers.0.self_attn.q_proj.weight"));
//
// Goals: opening costs one parse of the header and copies no data; a hostile file gets an
// InvalidFile that names the fault, at a cost in memory of its header and some megabytes. Models of
// several files are SafetensorsFolder's business.
//
// After a file has opened, every tensor lies inside it, apart from the others, has just the bytes
// that its shape asks for, and no byte is left over. Any number of threads may read one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/mapped_file.h"
#include "tensor/name_index.h"
#include "tensor/safetensors_header.h"
#include "tensor/tensor_view.h"

namespace espalier::tensor {

class SafetensorsFile {
 public:
  // Maps the file. Throws AssetsUnavailable where it cannot be read and InvalidFile where it breaks
  // the format's rules.
  static SafetensorsFile open(const std::filesystem::path& path);

  // The same over bytes that must outlive the result; `name` stands for the file in messages.
  static SafetensorsFile parse(std::string name, std::span<const std::byte> bytes);

  // The file's name as messages spell it: its path, or what parse() was given.
  const std::string& name() const noexcept { return name_; }
  std::size_t size() const noexcept { return size_; }

  // The header's "__metadata__": words by key, in its order.
  std::span<const std::pair<std::string_view, std::string_view>> metadata() const noexcept {
    return header_.metadata;
  }
  std::optional<std::string_view> find_metadata(std::string_view key) const noexcept;

  // In the header's order.
  std::span<const SafetensorsTensor> tensors() const noexcept { return header_.tensors; }

  // Null where there is no such tensor.
  const SafetensorsTensor* find_tensor(std::string_view name) const noexcept;

  // Throws InvalidFile naming the missing tensor.
  const SafetensorsTensor& tensor(std::string_view name) const;

  // The tensor's elements as a matrix [rows, cols] to compute with; all dimensions but the last
  // make up the rows. Throws InvalidFile where the tensor's type is not one of DType, naming it and
  // what to do, and where it has no elements.
  TensorView weights(const SafetensorsTensor& tensor) const;
  TensorView weights(std::string_view name) const { return weights(tensor(name)); }

  // Says that a tensor's bytes have been packed and will not be read again soon: their pages leave
  // this process. Nothing to do for bytes given to parse().
  void release(const SafetensorsTensor& tensor) const noexcept;

 private:
  SafetensorsFile() = default;

  std::string name_;
  std::optional<base::MappedFile> mapping_;
  std::size_t size_ = 0;
  SafetensorsHeader header_;
  NameIndex by_name_;
};

}  // namespace espalier::tensor
