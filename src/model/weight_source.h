// Where weights come from: a GGUF file, or a Hugging Face folder of safetensors files. One loader
// (load_weights.h) reads both through this.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor_view.h"

namespace espalier::model {

struct SourceTensor {
  std::string_view file;  // for messages
  std::size_t dims = 1;
  tensor::TensorView view;  // all dimensions but the last make up the rows
};

class WeightSource {
 public:
  virtual ~WeightSource() = default;

  // The file or folder, for messages.
  virtual const std::string& name() const noexcept = 0;

  // Nothing where there is no such tensor. Throws InvalidFile where its elements are of a type that
  // is not computed with.
  virtual std::optional<SourceTensor> find(std::string_view name) const = 0;

  // Every tensor's name. Views into the source.
  virtual std::vector<std::string_view> tensor_names() const = 0;

  // Says that a tensor has been packed and will not be read again soon: its pages leave this
  // process.
  virtual void release(std::string_view name) const noexcept = 0;
};

}  // namespace espalier::model
