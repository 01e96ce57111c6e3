// Gemma 3 (text): norms on heads and on what blocks add, GeGLU, scaled embeddings, and five layers
// with a sliding window and a RoPE base of their own to each layer that sees everything.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "espalier/error.h"
#include "model/families.h"
#include "model/gguf_keys.h"
#include "model/hf_config.h"
#include "model/window_pattern.h"

namespace espalier::model {
namespace {

constexpr LayerConfig every_layer = {
    .qk_norm = true, .post_norms = true, .activation = Activation::gelu_tanh};

// ModelConfig::ropes of this family.
enum : std::size_t { global_rope, local_rope };

constexpr float default_global_theta = 1'000'000;
constexpr float default_local_theta = 10'000;
constexpr std::size_t default_pattern = 6;

void set_layers(ModelConfig& config, std::size_t window, std::size_t pattern) {
  for (std::size_t i = 0; i < config.layers.size(); ++i) {
    if (is_global(i, pattern)) continue;
    config.layers[i].window = window;
    config.layers[i].rope = local_rope;
  }
}

ModelConfig from_gguf(const tensor::GgufFile& file) {
  if (file.find_tensor("rope_freqs.weight") != nullptr) {
    throw InvalidFile(file.name() +
                      ": tensor 'rope_freqs.weight' has no place in a model of the gemma3 family");
  }
  const GgufKeys keys(file);
  ModelConfig config = keys.config(every_layer);
  config.embedding_scale = std::sqrt(static_cast<float>(config.width));
  // Files seldom say it: the one size of 62 layers (27B) was trained with another scale than 1/√K.
  if (config.layers.size() == 62 && !keys.find_float("attention.scale")) {
    config.attention_scale =
        1 / std::sqrt(static_cast<float>(config.width) / static_cast<float>(config.heads));
  }
  if (!keys.find_float("rope.freq_base")) config.ropes[global_rope].theta = default_global_theta;
  config.ropes.push_back(
      {.theta = keys.find_float("rope.freq_base_swa").value_or(default_local_theta)});
  set_layers(config, keys.size("attention.sliding_window"),
             keys.find_size("attention.sliding_window_pattern").value_or(default_pattern));
  return config;
}

void to_gguf(const ModelConfig& config, GgufConfig& keys) {
  ModelConfig read = keys.add_common(every_layer);
  if (!rope_frequencies(config).empty()) read.ropes[global_rope].divisors.clear();
  read.embedding_scale = std::sqrt(static_cast<float>(config.width));
  read.ropes.push_back({.theta = config.ropes[local_rope].theta});
  keys.add("rope.freq_base_swa", read.ropes[local_rope].theta);
  const std::size_t pattern = find_pattern(config, default_pattern);
  // One for all; where no layer has any, the number means nothing, but readers want one.
  const std::size_t window =
      std::max<std::size_t>(1, std::ranges::max(config.layers, {}, &LayerConfig::window).window);
  keys.add("attention.sliding_window", window);
  if (pattern != default_pattern) keys.add("attention.sliding_window_pattern", pattern);
  set_layers(read, window, pattern);
  keys.require(read);
}

// Since transformers 5 each kind of layer has its own part of rope_parameters; before, rope_theta
// and rope_scaling were for global layers alone.
std::vector<RopeConfig> ropes_from_hf(const HfKeys& keys, std::size_t head_size) {
  const auto parameters = keys.rope_parameters();
  const auto part = [&](std::string_view kind) {
    return parameters ? parameters->find_set(kind) : std::nullopt;
  };
  const auto theta = [&](std::string_view key, float otherwise) {
    return keys.find_positive(key).value_or(otherwise);
  };
  const auto global = part("full_attention"), local = part("sliding_attention");
  const bool parts = global || local;
  return {
      keys.rope(parts ? global : parameters, head_size, theta("rope_theta", default_global_theta)),
      keys.rope(local, head_size, theta("rope_local_base_freq", default_local_theta))};
}

ModelConfig from_hf(const HfKeys& keys) {
  ModelConfig config = keys.config(every_layer, {.activation_key = "hidden_activation",
                                                 .activation = "gelu_pytorch_tanh",
                                                 .head_size = 256,
                                                 .tied_embeddings = true});
  config.embedding_scale = std::sqrt(static_cast<float>(config.width));
  config.attention_scale = 1 / std::sqrt(keys.find_positive("query_pre_attn_scalar").value_or(256));
  config.ropes = ropes_from_hf(keys, config.head_size);
  const std::size_t pattern =
      keys.json().find_size("sliding_window_pattern").value_or(default_pattern);
  keys.set_windows(config, [=](std::size_t i) { return pattern == 0 || (i + 1) % pattern != 0; });
  for (LayerConfig& layer : config.layers) {
    if (layer.window != 0) layer.rope = local_rope;
  }
  return config;
}

nlohmann::ordered_json to_hf(const ModelConfig& config) {
  auto json = hf_config(config, {.model_type = "gemma3_text",
                                 .architecture = "Gemma3ForCausalLM",
                                 .activation_key = "hidden_activation",
                                 .activation = "gelu_pytorch_tanh"});
  const float scalar = 1 / (config.attention_scale * config.attention_scale);
  const float whole = std::round(scalar);
  if (std::abs(scalar - whole) < 1e-4F * whole) {
    json["query_pre_attn_scalar"] =
        static_cast<std::int64_t>(whole);  // transformers wants an integer
  } else {
    json["query_pre_attn_scalar"] = shortest(scalar);
  }
  json["rope_local_base_freq"] = shortest(config.ropes[local_rope].theta);
  auto& kinds = json["layer_types"] = nlohmann::ordered_json::array();
  for (const LayerConfig& layer : config.layers) {
    kinds.push_back(layer.window == 0 ? "full_attention" : "sliding_attention");
    if (layer.window != 0) json["sliding_window"] = layer.window;
  }
  return json;
}

constexpr TensorNames hf_names = [] {
  TensorNames names = llama_hf_names;
  names.post_attention_norm = "post_attention_layernorm";
  names.ffn_norm = "pre_feedforward_layernorm";
  names.post_ffn_norm = "post_feedforward_layernorm";
  return names;
}();

}  // namespace

Family gemma3_family() {
  return {.name = "gemma3",
          .gguf = "gemma3",
          .hf = "gemma3_text",
          .config_from_gguf = from_gguf,
          .config_to_gguf = to_gguf,
          .gguf_layout = {.names = &gguf_names},
          .config_from_hf = from_hf,
          .config_to_hf = to_hf,
          .hf_layout = {.names = &hf_names, .norms_less_one = true}};
}

}  // namespace espalier::model
