#include "model/config.h"

#include <fmt/format.h>

#include <algorithm>

#include "espalier/error.h"
#include "kernels/attention.h"

namespace espalier::model {
namespace {

// Bounds well above any model and well below where products of two of them overflow.
constexpr std::size_t max_layers = 4096;
constexpr std::size_t max_width = std::size_t{1} << 20;
constexpr std::size_t max_vocabulary = std::size_t{1} << 24;
constexpr std::size_t max_context = std::size_t{1} << 26;

}  // namespace

void validate(const ModelConfig& config, const std::string& file) {
  const auto require = [&](bool holds, std::string_view what) {
    if (!holds) throw InvalidFile(fmt::format("{}: {}", file, what));
  };
  const auto bounded = [&](std::string_view field, std::size_t value, std::size_t most) {
    if (value == 0 || value > most) {
      throw InvalidFile(
          fmt::format("{}: {} is {}; 1 to {} was expected", file, field, value, most));
    }
  };
  bounded("the number of layers", config.layers.size(), max_layers);
  bounded("the model width", config.width, max_width);
  bounded("the FFN width", config.ffn_width, max_width);
  bounded("the vocabulary size", config.vocabulary, max_vocabulary);
  bounded("the context length", config.context, max_context);
  bounded("the number of KV slots", config.kv_slots, config.layers.size());
  bounded("the head size", config.head_size, kernels::attention_max_head_size);
  bounded("the number of KV heads", config.kv_heads, max_width / config.head_size);
  bounded("the number of query heads", config.heads, max_width / config.head_size);
  require(
      config.heads % config.kv_heads == 0,
      fmt::format("{} query heads cannot share {} KV heads evenly", config.heads, config.kv_heads));
  require(config.heads / config.kv_heads <= kernels::attention_max_rows,
          fmt::format("{} query heads on each KV head; at most {} are supported",
                      config.heads / config.kv_heads, kernels::attention_max_rows));
  require(config.head_size % 2 == 0,
          fmt::format("head size {} is odd: rotary positions need pairs", config.head_size));
  require(config.norm_epsilon >= 0 && config.norm_epsilon < 1,
          fmt::format("the norm's epsilon is {}", config.norm_epsilon));
  require(config.rope_theta > 0 && config.rope_theta < 1e12F,
          fmt::format("the rotary base is {}", config.rope_theta));
  std::vector<bool> written(config.kv_slots, false);
  for (std::size_t i = 0; i < config.layers.size(); ++i) {
    const LayerConfig& layer = config.layers[i];
    require(layer.kv_slot < config.kv_slots,
            fmt::format("layer {} names KV slot {} of {}", i, layer.kv_slot, config.kv_slots));
    // Two writers would leave the earlier layer the later one's keys, but in the next pass only.
    require(!(layer.writes_kv && written[layer.kv_slot]),
            fmt::format("layer {} writes KV slot {}, as a layer before it does", i, layer.kv_slot));
    if (layer.writes_kv) written[layer.kv_slot] = true;
    require(written[layer.kv_slot],
            fmt::format("layer {} reads KV slot {}, which no layer before it writes", i,
                        layer.kv_slot));
  }
}

}  // namespace espalier::model
