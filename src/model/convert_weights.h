// A model's tensors from one kind of file to another: names, the order of rows, what norms are
// stored as, element types. One tensor at a time: nothing larger than a row is held.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/load_weights.h"
#include "model/tensor_list.h"
#include "model/weight_source.h"

namespace espalier::model {

struct ConvertedTensor {
  std::string name;  // in the new file
  tensor::DType dtype = tensor::DType::f32;
  tensor::DType source_dtype = tensor::DType::f32;
  ModelTensor tensor;

  bool is_vector() const noexcept { return tensor.kind != TensorKind::matrix; }
  std::size_t bytes() const noexcept { return tensor.rows * tensor::row_bytes(dtype, tensor.cols); }
};

// Which type a tensor gets, by the one that it has. Must be without blocks, or the same.
using ChooseDType = std::function<tensor::DType(tensor::DType source, bool is_vector)>;

class WeightConversion {
 public:
  // Looks at every tensor of the source, so that what is missing, of a wrong shape or left over is
  // refused (InvalidFile) before anything is written. `config` has been validated; `source` must
  // outlive this.
  WeightConversion(ModelConfig config, const WeightSource& source, const WeightLayout& from,
                   const WeightLayout& to, const ChooseDType& choose);

  // In the order of computation.
  std::span<const ConvertedTensor> tensors() const noexcept { return tensors_; }

  // Hands the tensor's bytes to `sink`, piece by piece, and gives the source's pages back. Throws
  // InvalidFile naming the tensor where a number is beyond what its type holds.
  void write(const ConvertedTensor& tensor,
             const std::function<void(std::span<const std::byte>)>& sink) const;

 private:
  std::size_t source_row(const ModelTensor& tensor, std::size_t row) const noexcept;
  std::vector<float> vector(const ConvertedTensor& tensor, const tensor::TensorView& view) const;

  ModelConfig config_;
  const WeightSource& source_;
  WeightLayout from_, to_;
  std::vector<ConvertedTensor> tensors_;
};

}  // namespace espalier::model
