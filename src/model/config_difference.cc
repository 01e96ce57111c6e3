#include "model/config_difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <string_view>
#include <vector>

namespace espalier::model {
namespace {

class Difference {
 public:
  template <class T>
  void compare(std::string_view what, const T& is, const T& not_) {
    if (!found_ && !same(is, not_)) found_ = fmt::format("{} is {}, not {}", what, is, not_);
  }
  void compare_divisors(std::size_t rope, const std::vector<float>& is,
                        const std::vector<float>& not_) {
    const std::size_t pairs = std::max(is.size(), not_.size());
    for (std::size_t i = 0; i < pairs; ++i) {
      compare(fmt::format("divisor {} of RoPE {}", i, rope), is.empty() ? 1.0F : is[i],
              not_.empty() ? 1.0F : not_[i]);
    }
  }
  std::optional<std::string> found() const { return found_; }

 private:
  template <class T>
  static bool same(const T& a, const T& b) {
    if constexpr (std::floating_point<T>) {
      return std::abs(a - b) <= 1e-6F * std::max(std::abs(a), std::abs(b));
    } else {
      return a == b;
    }
  }

  std::optional<std::string> found_;
};

// A RoPE's number, with -1 for none.
long rope_of(const LayerConfig& layer) { return layer.rope ? static_cast<long>(*layer.rope) : -1; }

void compare_layers(std::size_t index, const LayerConfig& is, const LayerConfig& not_,
                    Difference& difference) {
  const auto compare = [&](std::string_view what, const auto& a, const auto& b) {
    difference.compare(fmt::format("{} of layer {}", what, index), a, b);
  };
  compare("the KV slot", is.kv_slot, not_.kv_slot);
  compare("writing keys and values", is.writes_kv, not_.writes_kv);
  compare("the window", is.window, not_.window);
  compare("the RoPE", rope_of(is), rope_of(not_));
  compare("having biases", is.qkv_bias, not_.qkv_bias);
  compare("normalising heads", is.qk_norm, not_.qk_norm);
  compare("having post-norms", is.post_norms, not_.post_norms);
  compare("the activation", static_cast<int>(is.activation), static_cast<int>(not_.activation));
}

}  // namespace

std::optional<std::string> first_difference(const ModelConfig& is, const ModelConfig& not_) {
  Difference difference;
  const auto compare = [&](std::string_view what, const auto& a, const auto& b) {
    difference.compare(what, a, b);
  };
  compare("the model width", is.width, not_.width);
  compare("the number of heads", is.heads, not_.heads);
  compare("the number of KV heads", is.kv_heads, not_.kv_heads);
  compare("the head size", is.head_size, not_.head_size);
  compare("the FFN width", is.ffn_width, not_.ffn_width);
  compare("the vocabulary size", is.vocabulary, not_.vocabulary);
  compare("the context length", is.context, not_.context);
  compare("the norm's epsilon", is.norm_epsilon, not_.norm_epsilon);
  compare("the attention scale", is.attention_scale, not_.attention_scale);
  compare("the embedding scale", is.embedding_scale, not_.embedding_scale);
  compare("tying the embeddings", is.tied_embeddings, not_.tied_embeddings);
  compare("the number of layers", is.layers.size(), not_.layers.size());
  compare("the number of RoPEs", is.ropes.size(), not_.ropes.size());
  if (difference.found()) return difference.found();
  for (std::size_t i = 0; i < is.ropes.size(); ++i) {
    compare(fmt::format("the base of RoPE {}", i), is.ropes[i].theta, not_.ropes[i].theta);
    difference.compare_divisors(i, is.ropes[i].divisors, not_.ropes[i].divisors);
  }
  for (std::size_t i = 0; i < is.layers.size(); ++i) {
    compare_layers(i, is.layers[i], not_.layers[i], difference);
  }
  return difference.found();
}

}  // namespace espalier::model
