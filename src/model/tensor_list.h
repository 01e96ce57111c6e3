// Every tensor that a model of a configuration has, whatever a file calls it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/config.h"
#include "model/tensor_names.h"

namespace espalier::model {

enum class TensorKind : std::uint8_t { matrix, norm, bias };

struct ModelTensor {
  std::string_view TensorNames::* part = nullptr;
  std::optional<std::size_t> layer = {};
  TensorKind kind = TensorKind::matrix;
  std::size_t rows = 1;  // of a vector: 1
  std::size_t cols = 0;
  // Its rows (a vector's elements) are those of heads that RoPE turns (row_order.h).
  bool turned = false;
};

// In the order of computation.
std::vector<ModelTensor> tensors_of(const ModelConfig& config);

// "blk.3.attn_q.weight"
std::string name_of(const ModelTensor& tensor, const TensorNames& names);

}  // namespace espalier::model
