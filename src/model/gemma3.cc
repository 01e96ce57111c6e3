// Gemma 3 (text): norms on heads and on what blocks add, GeGLU, scaled embeddings, and five layers
// with a sliding window and a RoPE base of their own to each layer that sees everything.
#include <fmt/format.h>

#include <cmath>

#include "espalier/error.h"
#include "model/families.h"
#include "model/gguf_keys.h"

namespace espalier::model {
namespace {

constexpr LayerConfig every_layer = {
    .qk_norm = true, .post_norms = true, .activation = Activation::gelu_tanh};

// ModelConfig::ropes of this family.
enum : std::size_t { global_rope, local_rope };

constexpr float default_global_theta = 1'000'000;
constexpr float default_local_theta = 10'000;
constexpr std::size_t default_pattern = 6;

ModelConfig from_gguf(const tensor::GgufFile& file) {
  if (file.find_tensor("rope_freqs.weight") != nullptr) {
    throw InvalidFile(
        fmt::format("{}: tensor 'rope_freqs.weight' has no place in a model of the "
                    "gemma3 family",
                    file.name()));
  }
  const GgufKeys keys(file);
  ModelConfig config = keys.config(every_layer);
  config.embedding_scale = std::sqrt(static_cast<float>(config.width));
  // Files do not say it: the one size of 62 layers (27B) was trained with another scale than 1/√K.
  if (config.layers.size() == 62 && !keys.find_float("attention.scale")) {
    config.attention_scale =
        1 / std::sqrt(static_cast<float>(config.width) / static_cast<float>(config.heads));
  }
  if (!keys.find_float("rope.freq_base")) config.ropes[global_rope].theta = default_global_theta;
  config.ropes.push_back(
      {.theta = keys.find_float("rope.freq_base_swa").value_or(default_local_theta)});
  const std::size_t window = keys.size("attention.sliding_window");
  const std::size_t pattern =
      keys.find_size("attention.sliding_window_pattern").value_or(default_pattern);
  for (std::size_t i = 0; i < config.layers.size(); ++i) {
    if (pattern != 0 && (i + 1) % pattern == 0) continue;
    config.layers[i].window = window;
    config.layers[i].rope = local_rope;
  }
  return config;
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
          .gguf_layout = {.names = &gguf_names},
          .config_from_hf = from_hf,
          .hf_layout = {.names = &hf_names, .norms_less_one = true}};
}

}  // namespace espalier::model
