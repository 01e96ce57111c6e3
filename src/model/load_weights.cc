#include "model/load_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "model/row_order.h"
#include "model/tensor_taker.h"
#include "tensor/dequantise.h"

namespace espalier::model {
namespace {

using tensor::PackedMatrix;
using tensor::TensorView;

struct Part {
  std::string name;  // without its ending
  std::size_t rows = 0;
  bool interleaved = false;
};

// A matrix that has its room and waits to be packed.
struct Packing {
  std::vector<TensorView> views;
  std::vector<std::uint32_t> order;  // of the rows
  std::vector<std::string> names;    // of the tensors
  PackedMatrix* target = nullptr;
  std::atomic<std::size_t> groups_left = 0;

  tensor::PackSource source() const { return {.parts = views, .row_order = order}; }
};

// 32 groups are 512 rows: enough for a claim, few enough that all threads end together.
constexpr std::size_t piece_groups = 32;

class Loader {
 public:
  Loader(const WeightSource& source, const WeightLayout& layout, base::ThreadPool& pool,
         Model& model)
      : source_(source), layout_(layout), names_(*layout.names), pool_(pool), model_(model) {}

  void run() {
    const ModelConfig& config = model_.config;
    matrix({std::string(names_.embedding), config.vocabulary}, model_.embedding);
    model_.layers.reserve(config.layers.size());
    for (std::size_t i = 0; i < config.layers.size(); ++i) model_.layers.push_back(layer(i));
    model_.final_norm = norm(std::string(names_.final_norm), config.width);
    if (config.tied_embeddings) {
      tensors_.skip_a_copy_of_the_embedding();
    } else {
      matrix({std::string(names_.head), config.vocabulary}, model_.head);
    }
    tensors_.refuse_leftovers(config.family);
    pack_all();
    model_.memory = arena_;
  }

 private:
  LayerWeights layer(std::size_t index) {
    const ModelConfig& config = model_.config;
    const LayerConfig& layer = config.layers[index];
    const auto name = [&](std::string_view what) {
      return fmt::format(fmt::runtime(names_.layer), index).append(what);
    };
    const auto norm_if = [&](bool wanted, std::string_view what, std::size_t size) {
      return wanted ? norm(name(what), size) : std::vector<float>();
    };
    std::vector<Part> qkv = {{name(names_.q), config.query_width(), layout_.interleaved_rope}};
    if (layer.writes_kv) {
      qkv.push_back({name(names_.k), config.kv_width(), layout_.interleaved_rope});
      qkv.push_back({name(names_.v), config.kv_width()});
    }
    LayerWeights weights;
    weights.attention_norm = norm(name(names_.attention_norm), config.width);
    weights.qkv = projection(qkv, config.width);
    if (layer.qkv_bias) weights.qkv_bias = biases(qkv);
    weights.q_norm = norm_if(layer.qk_norm, names_.q_norm, config.head_size);
    weights.k_norm = norm_if(layer.qk_norm && layer.writes_kv, names_.k_norm, config.head_size);
    weights.attention_out =
        projection({{name(names_.attention_out), config.width}}, config.query_width());
    weights.post_attention_norm =
        norm_if(layer.post_norms, names_.post_attention_norm, config.width);
    weights.ffn_norm = norm(name(names_.ffn_norm), config.width);
    weights.gate_up = projection(
        {{name(names_.gate), config.ffn_width}, {name(names_.up), config.ffn_width}}, config.width);
    weights.down = projection({{name(names_.down), config.width}}, config.ffn_width);
    weights.post_ffn_norm = norm_if(layer.post_norms, names_.post_ffn_norm, config.width);
    return weights;
  }

  std::vector<float> vector(const std::string& name, std::size_t size) {
    std::vector<float> values(size);
    const TensorView view = tensors_.take(name, 1, size);
    tensor::dequantise(view.dtype, view.bytes, values);
    return values;
  }

  std::vector<float> norm(const std::string& name, std::size_t size) {
    std::vector<float> weight = vector(name + ".weight", size);
    if (layout_.norms_less_one) {
      for (float& value : weight) value += 1;
    }
    return weight;
  }

  std::vector<float> biases(const std::vector<Part>& parts) {
    std::vector<float> all;
    for (const Part& part : parts) {
      const std::vector<float> bias = vector(part.name + ".bias", part.rows);
      for (std::size_t row = 0; row < part.rows; ++row) all.push_back(bias[source_row(part, row)]);
    }
    return all;
  }

  std::size_t source_row(const Part& part, std::size_t row) const {
    return part.interleaved ? interleaved_row(row, model_.config.head_size) : row;
  }

  // Neighbours of one dtype become one matrix.
  Projection projection(const std::vector<Part>& parts, std::size_t cols) {
    Projection result;
    result.parts.reserve(parts.size());
    for (std::size_t begin = 0; begin < parts.size();) {
      Packing& packing = packings_.emplace_back();
      std::size_t end = begin;
      for (; end < parts.size(); ++end) {
        const Part& part = parts[end];
        const TensorView view = tensors_.take(part.name + ".weight", part.rows, cols);
        if (!packing.views.empty() && view.dtype != packing.views.front().dtype) break;
        packing.views.push_back(view);
        packing.names.push_back(part.name + ".weight");
        const std::size_t first = packing.order.size();
        for (std::size_t row = 0; row < part.rows; ++row) {
          packing.order.push_back(static_cast<std::uint32_t>(first + source_row(part, row)));
        }
      }
      begin = end;
      packing.target = &result.parts.emplace_back(allocate_packed(packing.source(), arena_.get()));
    }
    return result;
  }

  void matrix(const Part& part, PackedMatrix& target) {
    target = std::move(projection({part}, model_.config.width).parts.front());
    packings_.back().target = &target;
  }

  // All matrices in one parallel region, piece by piece in the order of the file; a matrix that is
  // done gives the pages of its source back, so that memory never holds much of the model twice.
  void pack_all() {
    struct Piece {
      Packing* packing;
      std::size_t begin, end;  // groups
    };
    std::vector<Piece> pieces;
    for (Packing& packing : packings_) {
      const std::size_t groups = packing.target->groups();
      for (std::size_t begin = 0; begin < groups; begin += piece_groups) {
        pieces.push_back({&packing, begin, std::min(begin + piece_groups, groups)});
      }
      packing.groups_left = groups;
    }
    pool_.run(pieces.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const Piece& piece = pieces[i];
        Packing& packing = *piece.packing;
        pack_groups(packing.source(), *packing.target, piece.begin, piece.end);
        const std::size_t done = piece.end - piece.begin;
        if (packing.groups_left.fetch_sub(done, std::memory_order_acq_rel) == done) {
          for (const std::string& name : packing.names) source_.release(name);
        }
      }
    });
  }

  const WeightSource& source_;
  const WeightLayout& layout_;
  const TensorNames& names_;
  base::ThreadPool& pool_;
  Model& model_;
  TensorTaker tensors_{source_, names_};
  std::shared_ptr<base::Arena> arena_ = std::make_shared<base::Arena>();
  std::deque<Packing> packings_;
};

}  // namespace

Model load_weights(ModelConfig config, const WeightSource& source, const WeightLayout& layout,
                   base::ThreadPool& pool) {
  Model model;
  model.config = std::move(config);
  Loader(source, layout, pool, model).run();
  return model;
}

}  // namespace espalier::model
