#include "model/hf_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "espalier/error.h"
#include "model/config_difference.h"
#include "model/families.h"
#include "model/rope_scaling.h"

namespace espalier::model {
namespace {

using Json = nlohmann::ordered_json;

// Null where there is none, and where it is one that config.json has no name for.
Json rope_scaling(const RopeConfig& rope, std::size_t head_size) {
  if (rope.divisors.empty()) return nullptr;
  const float first = rope.divisors.front();
  if (std::ranges::all_of(rope.divisors, [=](float each) { return each == first; })) {
    return {{"rope_type", "linear"}, {"factor", shortest(first)}};
  }
  const auto scaling =
      find_llama3_scaling(rope.divisors, head_size, static_cast<double>(rope.theta));
  if (!scaling) return nullptr;
  return {
      {"rope_type", "llama3"},
      {"factor", scaling->factor},
      {"low_freq_factor", scaling->low_frequency_factor},
      {"high_freq_factor", scaling->high_frequency_factor},
      {"original_max_position_embeddings", static_cast<std::size_t>(scaling->original_context)}};
}

}  // namespace

double shortest(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

Json hf_config(const ModelConfig& config, const HfSpelling& spelling) {
  return {{"architectures", {spelling.architecture}},
          {"model_type", spelling.model_type},
          {"hidden_size", config.width},
          {"intermediate_size", config.ffn_width},
          {"num_hidden_layers", config.layers.size()},
          {"num_attention_heads", config.heads},
          {"num_key_value_heads", config.kv_heads},
          {"head_dim", config.head_size},
          {std::string(spelling.activation_key), spelling.activation},
          {"max_position_embeddings", config.context},
          {"vocab_size", config.vocabulary},
          {"rms_norm_eps", shortest(config.norm_epsilon)},
          {"rope_theta", shortest(config.ropes.front().theta)},
          {"rope_scaling", rope_scaling(config.ropes.front(), config.head_size)},
          {"attention_bias", false},
          {"attention_dropout", 0.0},
          {"tie_word_embeddings", config.tied_embeddings}};
}

void require_readable(const Json& written, const ModelConfig& config, std::string_view origin) {
  const auto file = base::JsonDocument::parse("config.json", written.dump());
  const HfKeys keys(file);
  const Family& family = family_of(keys);
  const auto difference = first_difference(config, family.config_from_hf(keys));
  if (!difference) return;
  throw InvalidFile(fmt::format(
      "{}: {}, as a config.json of the {} family would have it; there is no Hugging Face folder of "
      "such a model",
      origin, *difference, family.name));
}

}  // namespace espalier::model
