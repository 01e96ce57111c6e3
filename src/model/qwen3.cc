// Qwen3 (dense): llama with a norm on each head of queries and keys.
#include <nlohmann/json.hpp>

#include "model/families.h"
#include "model/gguf_keys.h"
#include "model/hf_config.h"

namespace espalier::model {
namespace {

ModelConfig from_gguf(const tensor::GgufFile& file) {
  const GgufKeys keys(file);
  keys.refuse("attention.sliding_window");
  return keys.config({.qk_norm = true});
}

void to_gguf(const ModelConfig&, GgufConfig& keys) {
  keys.require(keys.add_common({.qk_norm = true}));
}

ModelConfig from_hf(const HfKeys& keys) {
  ModelConfig config = keys.config({.qk_norm = true}, {.head_size = 128});
  const bool slides = keys.json().find_bool("use_sliding_window").value_or(false);
  const std::size_t first = keys.json().find_size("max_window_layers").value_or(28);
  keys.set_windows(config, [=](std::size_t layer) { return slides && layer >= first; });
  return config;
}

nlohmann::ordered_json to_hf(const ModelConfig& config) {
  auto json = hf_config(config, {.model_type = "qwen3", .architecture = "Qwen3ForCausalLM"});
  json["use_sliding_window"] = false;
  return json;
}

}  // namespace

Family qwen3_family() {
  return {.name = "qwen3",
          .gguf = "qwen3",
          .hf = "qwen3",
          .config_from_gguf = from_gguf,
          .config_to_gguf = to_gguf,
          .gguf_layout = {.names = &gguf_names},
          .config_from_hf = from_hf,
          .config_to_hf = to_hf,
          .hf_layout = {.names = &llama_hf_names}};
}

}  // namespace espalier::model
