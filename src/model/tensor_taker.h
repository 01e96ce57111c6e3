// Takes tensors from a source by name and shape, and knows in the end which were left over.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>

#include "model/tensor_names.h"
#include "model/weight_source.h"

namespace espalier::model {

class TensorTaker {
 public:
  // All must outlive this.
  TensorTaker(const WeightSource& source, const TensorNames& names)
      : source_(source), names_(names) {}

  // Throws InvalidFile naming the tensor where it is missing or of another shape.
  tensor::TensorView take(const std::string& name, std::size_t rows, std::size_t cols);

  // Some writers store a tied head all the same. Throws InvalidFile where it is no copy.
  void skip_a_copy_of_the_embedding();

  // Throws InvalidFile naming a tensor that nobody took: it would change what the model computes.
  void refuse_leftovers(const std::string& family) const;

 private:
  const WeightSource& source_;
  const TensorNames& names_;
  std::unordered_set<std::string> taken_;
};

}  // namespace espalier::model
