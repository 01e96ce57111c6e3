#include "model/config.h"

#include <fmt/format.h>

#include <algorithm>

#include "espalier/error.h"
#include "kernels/attention.h"

namespace espalier::model {
namespace {

// Bounds well above any model and well below where products of two of them overflow.
constexpr std::size_t max_width = std::size_t{1} << 20;
constexpr std::size_t max_vocabulary = std::size_t{1} << 24;
constexpr std::size_t max_context = std::size_t{1} << 26;
// Far from where a position times a frequency leaves what a float holds.
constexpr float least_divisor = 1e-6F;

class Check {
 public:
  explicit Check(const std::string& file) : file_(file) {}

  void require(bool holds, std::string_view what) const {
    if (!holds) throw InvalidFile(fmt::format("{}: {}", file_, what));
  }
  void bounded(std::string_view field, std::size_t value, std::size_t most) const {
    if (value == 0 || value > most) {
      throw InvalidFile(
          fmt::format("{}: {} is {}; 1 to {} was expected", file_, field, value, most));
    }
  }
  // A comparison that NaN fails.
  void positive(std::string_view field, float value) const { at_least(field, value, 1e-12F); }
  void at_least(std::string_view field, float value, float least) const {
    require(value >= least && value < 1e12F,
            fmt::format("{} is {}; {} to 1e+12 was expected", field, value, least));
  }

 private:
  const std::string& file_;
};

void validate_rope(const RopeConfig& rope, std::size_t head_size, const Check& check) {
  check.at_least("the rotary base", rope.theta, 1);
  check.require(
      rope.divisors.empty() || rope.divisors.size() == head_size / 2,
      fmt::format("{} divisors of rotary frequencies; half the head size, {}, was expected",
                  rope.divisors.size(), head_size / 2));
  for (const float divisor : rope.divisors) {
    check.at_least("a divisor of rotary frequencies", divisor, least_divisor);
  }
}

}  // namespace

void validate_heads(const ModelConfig& config, const std::string& file) {
  const Check check(file);
  check.bounded("the head size", config.head_size, kernels::attention_max_head_size);
  check.bounded("the number of KV heads", config.kv_heads, max_width / config.head_size);
  check.bounded("the number of query heads", config.heads, max_width / config.head_size);
  check.require(
      config.heads % config.kv_heads == 0,
      fmt::format("{} query heads cannot share {} KV heads evenly", config.heads, config.kv_heads));
  check.require(config.heads / config.kv_heads <= kernels::attention_max_rows,
                fmt::format("{} query heads on each KV head; at most {} are supported",
                            config.heads / config.kv_heads, kernels::attention_max_rows));
  check.require(config.head_size % 2 == 0,
                fmt::format("head size {} is odd: rotary positions need pairs", config.head_size));
}

void validate(const ModelConfig& config, const std::string& file) {
  const Check check(file);
  check.bounded("the number of layers", config.layers.size(), max_layers);
  check.bounded("the model width", config.width, max_width);
  check.bounded("the FFN width", config.ffn_width, max_width);
  check.bounded("the vocabulary size", config.vocabulary, max_vocabulary);
  check.bounded("the context length", config.context, max_context);
  check.bounded("the number of KV slots", config.kv_slots, config.layers.size());
  validate_heads(config, file);
  check.require(config.norm_epsilon > 0 && config.norm_epsilon < 1,
                fmt::format("the norm's epsilon is {}; above 0 and below 1 was expected",
                            config.norm_epsilon));
  check.positive("the attention scale", config.attention_scale);
  check.positive("the embedding scale", config.embedding_scale);
  for (const RopeConfig& rope : config.ropes) validate_rope(rope, config.head_size, check);
  std::vector<bool> written(config.kv_slots, false);
  for (std::size_t i = 0; i < config.layers.size(); ++i) {
    const LayerConfig& layer = config.layers[i];
    check.require(layer.kv_slot < config.kv_slots, fmt::format("layer {} names KV slot {} of {}", i,
                                                               layer.kv_slot, config.kv_slots));
    check.require(!layer.rope || *layer.rope < config.ropes.size(),
                  fmt::format("layer {} names rotary base {} of {}", i, layer.rope.value_or(0),
                              config.ropes.size()));
    check.require(layer.window <= max_context,
                  fmt::format("layer {} has a sliding window of {}; at most {} was expected", i,
                              layer.window, max_context));
    // Two writers would leave the earlier layer the later one's keys, but in the next pass only.
    check.require(
        !(layer.writes_kv && written[layer.kv_slot]),
        fmt::format("layer {} writes KV slot {}, as a layer before it does", i, layer.kv_slot));
    if (layer.writes_kv) written[layer.kv_slot] = true;
    check.require(written[layer.kv_slot],
                  fmt::format("layer {} reads KV slot {}, which no layer before it writes", i,
                              layer.kv_slot));
  }
}

}  // namespace espalier::model
