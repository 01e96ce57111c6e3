#include "model/gguf_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "espalier/error.h"
#include "model/config_difference.h"

namespace espalier::model {
namespace {

bool is_linear(const std::vector<float>& divisors) {
  return std::ranges::all_of(divisors, [&](float each) { return each == divisors.front(); });
}

}  // namespace

GgufConfig::GgufConfig(const ModelConfig& config, std::string_view architecture,
                       std::string_view origin, tensor::GgufKeys& keys)
    : config_(config),
      prefix_(std::string(architecture).append(".")),
      origin_(origin),
      keys_(keys) {
  keys_.add("general.architecture", architecture);
}

void GgufConfig::add(std::string_view key, std::size_t size) {
  // validate() keeps sizes far below this, but for a window, which is any number.
  keys_.add(prefix_ + std::string(key),
            static_cast<std::uint32_t>(std::min<std::size_t>(size, UINT32_MAX)));
}

void GgufConfig::add(std::string_view key, float value) {
  keys_.add(prefix_ + std::string(key), value);
}

void GgufConfig::add(std::string_view key, std::string_view text) {
  keys_.add(prefix_ + std::string(key), text);
}

ModelConfig GgufConfig::add_common(const LayerConfig& layer) {
  const RopeConfig& rope = config_.ropes.front();
  add("block_count", config_.layers.size());
  add("context_length", config_.context);
  add("embedding_length", config_.width);
  add("feed_forward_length", config_.ffn_width);
  add("attention.head_count", config_.heads);
  add("attention.head_count_kv", config_.kv_heads);
  add("attention.key_length", config_.head_size);
  add("attention.value_length", config_.head_size);
  add("attention.layer_norm_rms_epsilon", config_.norm_epsilon);
  add("rope.dimension_count", config_.head_size);
  add("rope.freq_base", rope.theta);
  add("vocab_size", config_.vocabulary);
  if (!rope.divisors.empty() && is_linear(rope.divisors)) {
    add("rope.scaling.type", std::string_view("linear"));
    add("rope.scaling.factor", rope.divisors.front());
  }
  // Most readers take 1/√K where it is missing, but not of every model.
  add("attention.scale", config_.attention_scale);

  ModelConfig read = config_;
  read.embedding_scale = 1;
  read.ropes = {rope};
  for (std::size_t i = 0; i < read.layers.size(); ++i) {
    read.layers[i] = layer;
    read.layers[i].kv_slot = i;
  }
  return read;
}

void GgufConfig::require(const ModelConfig& read) const {
  const auto difference = first_difference(config_, read);
  if (!difference) return;
  throw InvalidFile(
      fmt::format("{}: {}, as a GGUF file of the {} architecture would have it; there is no GGUF "
                  "file of such a model",
                  origin_, *difference, prefix_.substr(0, prefix_.size() - 1)));
}

std::vector<float> rope_frequencies(const ModelConfig& config) {
  const std::vector<float>& divisors = config.ropes.front().divisors;
  return is_linear(divisors) ? std::vector<float>() : divisors;
}

}  // namespace espalier::model
