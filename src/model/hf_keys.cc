#include "model/hf_keys.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "base/message_format.h"
#include "model/rope_scaling.h"

namespace espalier::model {
namespace {

using base::JsonKind;
using base::JsonValue;

// Keys that change what a model computes in ways that are not computed here.
constexpr std::string_view variants[] = {
    "attention_bias", "attn_logit_softcapping",      "final_logit_softcapping",
    "mlp_bias",       "use_bidirectional_attention", "num_local_experts",
};

bool is_neutral(const JsonValue& value) {
  switch (value.kind()) {
    case JsonKind::null:
      return true;
    case JsonKind::boolean:
      return !value.as_bool();
    case JsonKind::integer:
    case JsonKind::real:
      return value.as_double() == 0;
    default:
      return false;
  }
}

// Weights that another program has quantised in a way of its own.
void refuse_quantised_weights(const JsonValue& json) {
  const auto config = json.find("quantization_config");
  if (!config || is_neutral(*config)) return;
  const auto method = config->is_object() ? config->find_string("quant_method") : std::nullopt;
  config->fail(fmt::format(
      "weights quantised{} are not read from folders; take the model in F32, F16 or BF16, or a "
      "GGUF file of it",
      method ? " with " + base::quoted(*method) : ""));
}

std::size_t count_of(const JsonValue& value) {
  const std::size_t count = value.as_size();
  if (count == 0) value.fail("at least 1 is expected");
  return count;
}

float positive_of(const JsonValue& value) {
  const float number = value.as_float();
  if (!(number > 0)) value.fail("a number above 0 is expected");
  return number;
}

void refuse_partial_rotation(const JsonValue& json) {
  const auto share = json.find_set("partial_rotary_factor");
  if (share && share->as_double() != 1) {
    share->fail("only 1 is supported: all of a head is turned");
  }
}

std::vector<float> llama3(const JsonValue& parameters, std::size_t head_size, float theta,
                          std::size_t context) {
  const Llama3Scaling scaling = {
      .factor = positive_of(parameters.get("factor")),
      .low_frequency_factor = parameters.get_double("low_freq_factor"),
      .high_frequency_factor = parameters.get_double("high_freq_factor"),
      .original_context = parameters.find_double("original_max_position_embeddings")
                              .value_or(static_cast<double>(context))};
  if (!(scaling.low_frequency_factor < scaling.high_frequency_factor)) {
    parameters.get("low_freq_factor").fail("a number below high_freq_factor is expected");
  }
  return llama3_divisors(head_size, static_cast<double>(theta), scaling);
}

}  // namespace

void HfKeys::refuse(std::string_view key) const {
  const auto value = json_.find(key);
  if (value && !is_neutral(*value)) value->fail("is set, which is not supported");
}

std::size_t HfKeys::count(std::string_view key) const { return count_of(json_.get(key)); }

std::optional<std::size_t> HfKeys::find_count(std::string_view key) const {
  const auto value = json_.find_set(key);
  return value ? std::optional(count_of(*value)) : std::nullopt;
}

std::optional<float> HfKeys::find_positive(std::string_view key) const {
  const auto value = json_.find_set(key);
  return value ? std::optional(positive_of(*value)) : std::nullopt;
}

ModelConfig HfKeys::config(const LayerConfig& layer, const HfDefaults& defaults) const {
  for (const std::string_view key : variants) refuse(key);
  refuse_quantised_weights(json_);
  if (const auto activation = json_.find_set(defaults.activation_key);
      activation && activation->as_string() != defaults.activation) {
    activation->fail(fmt::format("'{}' is expected; no other activation is supported here",
                                 defaults.activation));
  }
  ModelConfig config;
  config.width = count("hidden_size");
  config.heads = count("num_attention_heads");
  config.kv_heads = find_count("num_key_value_heads").value_or(config.heads);
  config.head_size =
      find_count("head_dim")
          .value_or(defaults.head_size != 0 ? defaults.head_size : config.width / config.heads);
  validate_heads(config, file_);
  config.ffn_width = count("intermediate_size");
  config.vocabulary = count("vocab_size");
  config.context = count("max_position_embeddings");
  config.norm_epsilon = positive_of(json_.get("rms_norm_eps"));
  config.attention_scale = 1 / std::sqrt(static_cast<float>(config.head_size));
  config.tied_embeddings =
      json_.find_bool("tie_word_embeddings").value_or(defaults.tied_embeddings);
  config.ropes = {
      rope(rope_parameters(), config.head_size, find_positive("rope_theta").value_or(10000.0F))};
  const std::size_t layers = count("num_hidden_layers");
  if (layers > max_layers) {
    json_.get("num_hidden_layers").fail(fmt::format("at most {} is expected", max_layers));
  }
  config.layers.assign(layers, layer);
  for (std::size_t i = 0; i < config.layers.size(); ++i) config.layers[i].kv_slot = i;
  config.kv_slots = config.layers.size();
  return config;
}

std::optional<JsonValue> HfKeys::rope_parameters() const {
  const auto parameters = json_.find_set("rope_parameters");
  return parameters ? parameters : json_.find_set("rope_scaling");
}

RopeConfig HfKeys::rope(const std::optional<JsonValue>& parameters, std::size_t head_size,
                        float theta) const {
  refuse_partial_rotation(json_);
  RopeConfig rope{.theta = theta};
  if (!parameters) return rope;
  refuse_partial_rotation(*parameters);
  if (const auto own = parameters->find_set("rope_theta")) rope.theta = positive_of(*own);
  auto type = parameters->find_set("rope_type");
  if (!type) type = parameters->find_set("type");  // transformers before 4.43
  if (!type) {
    if (const auto factor = parameters->find_set("factor")) {
      factor->fail("a factor is expected to have a 'rope_type' beside it, which says what it does");
    }
    return rope;
  }
  if (type->as_string() == "default") return rope;
  if (type->as_string() == "linear") {
    rope.divisors = linear_divisors(head_size, positive_of(parameters->get("factor")));
  } else if (type->as_string() == "llama3") {
    rope.divisors =
        llama3(*parameters, head_size, rope.theta, json_.get_size("max_position_embeddings"));
  } else {
    type->fail(
        fmt::format("RoPE scaling {} is not supported; supported are: default, linear, "
                    "llama3",
                    base::quoted(type->as_string())));
  }
  return rope;
}

std::vector<bool> HfKeys::sliding_layers(std::size_t layers,
                                         const std::function<bool(std::size_t)>& by_default) const {
  std::vector<bool> sliding;
  const auto types = json_.find_set("layer_types");
  if (!types) {
    for (std::size_t i = 0; i < layers; ++i) sliding.push_back(by_default(i));
    return sliding;
  }
  if (types->size() != layers) types->fail(fmt::format("{} elements are expected", layers));
  for (const JsonValue type : types->elements()) {
    const std::string_view name = type.as_string();
    if (name != "full_attention" && name != "sliding_attention") {
      type.fail("'full_attention' or 'sliding_attention' is expected");
    }
    sliding.push_back(name == "sliding_attention");
  }
  return sliding;
}

void HfKeys::set_windows(ModelConfig& config,
                         const std::function<bool(std::size_t)>& by_default) const {
  const std::vector<bool> sliding = sliding_layers(config.layers.size(), by_default);
  for (std::size_t i = 0; i < sliding.size(); ++i) {
    if (!sliding[i]) continue;
    // 4,096 is what transformers takes in every family.
    config.layers[i].window = find_count("sliding_window").value_or(4096);
  }
}

}  // namespace espalier::model
