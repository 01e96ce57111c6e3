#include "model/tensor_list.h"

#include <fmt/format.h>

namespace espalier::model {
namespace {

class Lister {
 public:
  explicit Lister(const ModelConfig& config) : config_(config) {}

  std::vector<ModelTensor> list() {
    matrix(&TensorNames::embedding, config_.vocabulary, config_.width);
    for (layer_ = 0; *layer_ < config_.layers.size(); ++*layer_) add(config_.layers[*layer_]);
    layer_.reset();
    norm(true, &TensorNames::final_norm, config_.width);
    if (!config_.tied_embeddings) matrix(&TensorNames::head, config_.vocabulary, config_.width);
    return std::move(all_);
  }

 private:
  using Part = std::string_view TensorNames::*;

  void add(const LayerConfig& layer) {
    const std::size_t width = config_.width, ffn = config_.ffn_width;
    norm(true, &TensorNames::attention_norm, width);
    projection(layer, &TensorNames::q, config_.query_width(), true);
    if (layer.writes_kv) {
      projection(layer, &TensorNames::k, config_.kv_width(), true);
      projection(layer, &TensorNames::v, config_.kv_width(), false);
    }
    norm(layer.qk_norm, &TensorNames::q_norm, config_.head_size);
    norm(layer.qk_norm && layer.writes_kv, &TensorNames::k_norm, config_.head_size);
    matrix(&TensorNames::attention_out, width, config_.query_width());
    norm(layer.post_norms, &TensorNames::post_attention_norm, width);
    norm(true, &TensorNames::ffn_norm, width);
    matrix(&TensorNames::gate, ffn, width);
    matrix(&TensorNames::up, ffn, width);
    matrix(&TensorNames::down, width, ffn);
    norm(layer.post_norms, &TensorNames::post_ffn_norm, width);
  }

  void projection(const LayerConfig& layer, Part part, std::size_t rows, bool turned) {
    matrix(part, rows, config_.width, turned);
    if (!layer.qkv_bias) return;
    all_.push_back({part, layer_, TensorKind::bias, 1, rows, turned});
  }
  void matrix(Part part, std::size_t rows, std::size_t cols, bool turned = false) {
    all_.push_back({part, layer_, TensorKind::matrix, rows, cols, turned});
  }
  void norm(bool wanted, Part part, std::size_t size) {
    if (wanted) all_.push_back({part, layer_, TensorKind::norm, 1, size, false});
  }

  const ModelConfig& config_;
  std::optional<std::size_t> layer_;
  std::vector<ModelTensor> all_;
};

}  // namespace

std::vector<ModelTensor> tensors_of(const ModelConfig& config) { return Lister(config).list(); }

std::string name_of(const ModelTensor& tensor, const TensorNames& names) {
  std::string name;
  if (tensor.layer) name = fmt::format(fmt::runtime(names.layer), *tensor.layer);
  name += names.*tensor.part;
  return name + (tensor.kind == TensorKind::bias ? ".bias" : ".weight");
}

}  // namespace espalier::model
