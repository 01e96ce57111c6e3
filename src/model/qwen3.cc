// Qwen3 (dense): llama with a norm on each head of queries and keys.
#include "model/families.h"
#include "model/gguf_keys.h"

namespace espalier::model {
namespace {

ModelConfig from_gguf(const tensor::GgufFile& file) {
  const GgufKeys keys(file);
  keys.refuse("attention.sliding_window");
  return keys.config({.qk_norm = true});
}

ModelConfig from_hf(const HfKeys& keys) {
  ModelConfig config = keys.config({.qk_norm = true}, {.head_size = 128});
  const bool slides = keys.json().find_bool("use_sliding_window").value_or(false);
  const std::size_t first = keys.json().find_size("max_window_layers").value_or(28);
  keys.set_windows(config, [=](std::size_t layer) { return slides && layer >= first; });
  return config;
}

}  // namespace

Family qwen3_family() {
  return {.name = "qwen3",
          .gguf = "qwen3",
          .hf = "qwen3",
          .config_from_gguf = from_gguf,
          .gguf_layout = {.names = &gguf_names},
          .config_from_hf = from_hf,
          .hf_layout = {.names = &llama_hf_names}};
}

}  // namespace espalier::model
