// Llama and all that share its shape (SmolLM2 among them): pre-norm blocks of RMSNorm,
// grouped-query attention with RoPE, SwiGLU. GGUF files of mistral say they are llama.
#include <nlohmann/json.hpp>

#include "model/families.h"
#include "model/gguf_keys.h"
#include "model/hf_config.h"

namespace espalier::model {
namespace {

ModelConfig from_gguf(const tensor::GgufFile& file) {
  const GgufKeys keys(file);
  return keys.config({.window = keys.find_size("attention.sliding_window").value_or(0)});
}

void to_gguf(const ModelConfig& config, GgufConfig& keys) {
  const std::size_t window = config.layers.front().window;
  if (window != 0) keys.add("attention.sliding_window", window);
  keys.require(keys.add_common({.window = window}));
}

ModelConfig from_hf(const HfKeys& keys) {
  ModelConfig config = keys.config({}, {});
  keys.set_windows(config, [](std::size_t) { return false; });
  return config;
}

nlohmann::ordered_json to_hf(const ModelConfig& config) {
  // transformers has windows in mistral alone.
  if (config.layers.front().window != 0) return mistral_family().config_to_hf(config);
  auto json = hf_config(config, {.model_type = "llama", .architecture = "LlamaForCausalLM"});
  json["mlp_bias"] = false;
  return json;
}

}  // namespace

Family llama_family() {
  return {.name = "llama",
          .gguf = "llama",
          .hf = "llama",
          .config_from_gguf = from_gguf,
          .config_to_gguf = to_gguf,
          .gguf_layout = {.names = &gguf_names, .interleaved_rope = true},
          .config_from_hf = from_hf,
          .config_to_hf = to_hf,
          .hf_layout = {.names = &llama_hf_names}};
}

}  // namespace espalier::model
