// The weights of a Hugging Face folder: model.safetensors, or the files (shards) that
// model.safetensors.index.json names.
//
//   const SafetensorsFolder folder = SafetensorsFolder::open("SmolLM2-135M");
//   const TensorView norm = folder.weights("model.norm.weight");
//
// The index is as little trusted as the files: it may name plain files of its own folder only, and
// what it says of each tensor must be so. After a folder has opened, index and files agree on every
// tensor, and no name stands in two files. Any number of threads may read one.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/safetensors_reader.h"

namespace espalier::tensor {

class SafetensorsFolder {
 public:
  // Where both are there, model.safetensors is the one read, as Hugging Face's libraries do. Throws
  // AssetsUnavailable where neither or a shard cannot be read, InvalidFile where one breaks a rule.
  static SafetensorsFolder open(const std::filesystem::path& folder);

  // The folder's path, for messages.
  const std::string& name() const noexcept { return name_; }

  // In the order of the index.
  std::span<const SafetensorsFile> files() const noexcept { return files_; }

  // Of all files, one after the other; SafetensorsTensor::shard says which of files().
  std::span<const SafetensorsTensor> tensors() const noexcept { return tensors_; }

  // As SafetensorsFile's.
  const SafetensorsTensor* find_tensor(std::string_view name) const noexcept;
  const SafetensorsTensor& tensor(std::string_view name) const;
  TensorView weights(const SafetensorsTensor& tensor) const {
    return files_[tensor.shard].weights(tensor);
  }
  TensorView weights(std::string_view name) const { return weights(tensor(name)); }
  void release(const SafetensorsTensor& tensor) const noexcept {
    files_[tensor.shard].release(tensor);
  }

 private:
  SafetensorsFolder() = default;

  std::string name_;
  std::vector<SafetensorsFile> files_;
  std::vector<SafetensorsTensor> tensors_;
  NameIndex by_name_;
};

}  // namespace espalier::tensor
