#include "model/model.h"

namespace espalier::model {
namespace {

std::size_t bytes(const Projection& projection) {
  std::size_t sum = 0;
  for (const tensor::PackedMatrix& part : projection.parts) sum += part.bytes();
  return sum;
}

}  // namespace

std::size_t Projection::rows() const noexcept {
  std::size_t sum = 0;
  for (const tensor::PackedMatrix& part : parts) sum += part.rows();
  return sum;
}

std::size_t Model::bytes_per_token() const noexcept {
  std::size_t sum = output_head().bytes();
  for (const LayerWeights& layer : layers) {
    sum += bytes(layer.qkv) + bytes(layer.attention_out) + bytes(layer.gate_up) + bytes(layer.down);
  }
  return sum;
}

}  // namespace espalier::model
