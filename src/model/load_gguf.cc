#include "model/load_gguf.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "espalier/error.h"
#include "model/families.h"
#include "tensor/dequantise.h"

namespace espalier::model {
namespace {

using tensor::GgufTensor;
using tensor::PackedMatrix;
using tensor::TensorView;

// Where row `row` of a Q or K matrix stands in the file. llama.cpp takes rows from a head's two
// halves in turn, so row i of half j of a head stands at 2i + j.
std::size_t interleaved_row(std::size_t row, std::size_t head_size) {
  const std::size_t half = head_size / 2;
  const std::size_t head = row / head_size, j = row % head_size / half, i = row % half;
  return head * head_size + 2 * i + j;
}

struct Part {
  std::string name;
  std::size_t rows = 0;
  bool interleaved = false;
};

class Loader {
 public:
  Loader(const tensor::GgufFile& file, base::ThreadPool& pool, Model& model)
      : file_(file), pool_(pool), model_(model) {}

  void run() {
    const ModelConfig& config = model_.config;
    const bool interleaved = family_of(file_).interleaved_rope;
    model_.embedding = std::move(
        projection({{"token_embd.weight", config.vocabulary}}, config.width).parts.front());
    for (std::size_t i = 0; i < config.layers.size(); ++i) {
      const auto name = [i](std::string_view what) {
        return fmt::format("blk.{}.{}.weight", i, what);
      };
      LayerWeights layer;
      layer.attention_norm = vector(name("attn_norm"), config.width);
      std::vector<Part> qkv = {{name("attn_q"), config.query_width(), interleaved}};
      if (config.layers[i].writes_kv) {
        qkv.push_back({name("attn_k"), config.kv_width(), interleaved});
        qkv.push_back({name("attn_v"), config.kv_width()});
      }
      layer.qkv = projection(qkv, config.width);
      layer.attention_out = projection({{name("attn_output"), config.width}}, config.query_width());
      layer.ffn_norm = vector(name("ffn_norm"), config.width);
      layer.gate_up = projection(
          {{name("ffn_gate"), config.ffn_width}, {name("ffn_up"), config.ffn_width}}, config.width);
      layer.down = projection({{name("ffn_down"), config.width}}, config.ffn_width);
      model_.layers.push_back(std::move(layer));
    }
    model_.final_norm = vector("output_norm.weight", config.width);
    if (!config.tied_embeddings) {
      model_.head =
          std::move(projection({{"output.weight", config.vocabulary}}, config.width).parts.front());
    }
    refuse_leftovers();
  }

 private:
  const GgufTensor& take(const std::string& name, std::size_t rows, std::size_t cols) {
    const GgufTensor& tensor = file_.tensor(name);
    if (tensor.rows() != rows || tensor.cols() != cols || tensor.dims > 2) {
      throw InvalidFile(fmt::format("{}: tensor '{}' has shape [{}, {}]; [{}, {}] was expected",
                                    file_.name(), name, tensor.rows(), tensor.cols(), rows, cols));
    }
    taken_.insert(tensor.name);
    return tensor;
  }

  std::vector<float> vector(const std::string& name, std::size_t size) {
    std::vector<float> values(size);
    const TensorView view = file_.weights(take(name, 1, size));
    tensor::dequantise(view.dtype, view.bytes, values);
    return values;
  }

  // Neighbours of one dtype become one matrix.
  Projection projection(const std::vector<Part>& parts, std::size_t cols) {
    Projection result;
    for (std::size_t begin = 0; begin < parts.size();) {
      std::vector<const GgufTensor*> tensors;
      std::vector<TensorView> views;
      std::vector<std::uint32_t> order;
      std::size_t end = begin;
      for (; end < parts.size(); ++end) {
        const Part& part = parts[end];
        const GgufTensor& tensor = take(part.name, part.rows, cols);
        const TensorView view = file_.weights(tensor);
        if (!views.empty() && view.dtype != views.front().dtype) break;
        tensors.push_back(&tensor);
        views.push_back(view);
        const std::size_t first = order.size();
        for (std::size_t row = 0; row < part.rows; ++row) {
          const std::size_t source =
              part.interleaved ? interleaved_row(row, model_.config.head_size) : row;
          order.push_back(static_cast<std::uint32_t>(first + source));
        }
      }
      result.parts.push_back(pack({.parts = views, .row_order = order}));
      for (const GgufTensor* tensor : tensors) file_.release(*tensor);
      begin = end;
    }
    return result;
  }

  PackedMatrix pack(const tensor::PackSource& source) {
    PackedMatrix packed = tensor::allocate_packed(source);
    // 64 groups are 1,024 rows: enough for a claim, few enough that all threads have some.
    pool_.run(packed.groups(), 64, [&](std::size_t begin, std::size_t end) {
      tensor::pack_groups(source, packed, begin, end);
    });
    return packed;
  }

  void refuse_leftovers() const {
    for (const GgufTensor& tensor : file_.tensors()) {
      if (!taken_.contains(tensor.name)) {
        throw InvalidFile(
            fmt::format("{}: tensor '{}' has no place in a model of the {} family; "
                        "running without it would give wrong answers",
                        file_.name(), tensor.name, model_.config.family));
      }
    }
  }

  const tensor::GgufFile& file_;
  base::ThreadPool& pool_;
  Model& model_;
  std::unordered_set<std::string_view> taken_;
};

}  // namespace

ModelConfig read_config(const tensor::GgufFile& file) {
  ModelConfig config = family_of(file).config(file);
  validate(config, file.name());
  return config;
}

Model load_gguf(const tensor::GgufFile& file, base::ThreadPool& pool) {
  Model model;
  model.config = read_config(file);
  Loader(file, pool, model).run();
  return model;
}

}  // namespace espalier::model
