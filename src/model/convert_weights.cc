#include "model/convert_weights.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "espalier/error.h"
#include "model/row_order.h"
#include "model/tensor_taker.h"
#include "tensor/dequantise.h"
#include "tensor/store_floats.h"

namespace espalier::model {

using tensor::DType;
using tensor::TensorView;

WeightConversion::WeightConversion(ModelConfig config, const WeightSource& source,
                                   const WeightLayout& from, const WeightLayout& to,
                                   const ChooseDType& choose)
    : config_(std::move(config)), source_(source), from_(from), to_(to) {
  TensorTaker taker(source, *from.names);
  for (const ModelTensor& tensor : tensors_of(config_)) {
    ConvertedTensor converted{.name = name_of(tensor, *to.names), .tensor = tensor};
    converted.source_dtype =
        taker.take(name_of(tensor, *from.names), tensor.rows, tensor.cols).dtype;
    converted.dtype = choose(converted.source_dtype, converted.is_vector());
    tensors_.push_back(std::move(converted));
  }
  if (config_.tied_embeddings) taker.skip_a_copy_of_the_embedding();
  taker.refuse_leftovers(config_.family);
}

std::size_t WeightConversion::source_row(const ModelTensor& tensor,
                                         std::size_t row) const noexcept {
  if (!tensor.turned || from_.interleaved_rope == to_.interleaved_rope) return row;
  return from_.interleaved_rope ? interleaved_row(row, config_.head_size)
                                : straight_row(row, config_.head_size);
}

std::vector<float> WeightConversion::vector(const ConvertedTensor& tensor,
                                            const TensorView& view) const {
  std::vector<float> read(view.cols), values;
  tensor::dequantise(view.dtype, view.bytes, read);
  const bool is_norm = tensor.tensor.kind == TensorKind::norm;
  const float shift =
      is_norm ? static_cast<float>(from_.norms_less_one) - static_cast<float>(to_.norms_less_one)
              : 0;
  values.reserve(read.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    values.push_back(read[source_row(tensor.tensor, i)] + shift);
  }
  return values;
}

void WeightConversion::write(const ConvertedTensor& tensor,
                             const std::function<void(std::span<const std::byte>)>& sink) const {
  const std::string name = name_of(tensor.tensor, *from_.names);
  const TensorView view = source_.find(name)->view;
  std::vector<std::byte> stored(tensor::row_bytes(tensor.dtype, tensor.tensor.cols));
  const auto store = [&](std::span<const float> values) {
    if (!tensor::store_floats(tensor.dtype, values, stored)) {
      throw InvalidFile(
          fmt::format("{}: tensor '{}' holds a number that is too large for {}; BF16 "
                      "and F32 hold it",
                      source_.name(), name, tensor::name(tensor.dtype)));
    }
    sink(stored);
  };
  if (tensor.is_vector()) {
    store(vector(tensor, view));
  } else {
    std::vector<float> values(tensor.dtype == view.dtype ? 0 : tensor.tensor.cols);
    for (std::size_t row = 0; row < tensor.tensor.rows; ++row) {
      const auto bytes = view.row(source_row(tensor.tensor, row));
      if (tensor.dtype == view.dtype) {
        sink(bytes);
      } else {
        tensor::dequantise(view.dtype, bytes, values);
        store(values);
      }
    }
  }
  source_.release(name);
}

}  // namespace espalier::model
