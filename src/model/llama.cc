// Llama and all that share its shape (SmolLM2 among them): pre-norm blocks of RMSNorm,
// grouped-query attention with RoPE, SwiGLU. GGUF files of mistral say they are llama.
#include "model/families.h"
#include "model/gguf_keys.h"

namespace espalier::model {
namespace {

ModelConfig from_gguf(const tensor::GgufFile& file) {
  const GgufKeys keys(file);
  return keys.config({.window = keys.find_size("attention.sliding_window").value_or(0)});
}

ModelConfig from_hf(const HfKeys& keys) {
  ModelConfig config = keys.config({}, {});
  keys.set_windows(config, [](std::size_t) { return false; });
  return config;
}

}  // namespace

Family llama_family() {
  return {.name = "llama",
          .gguf = "llama",
          .hf = "llama",
          .config_from_gguf = from_gguf,
          .gguf_layout = {.names = &gguf_names, .interleaved_rope = true},
          .config_from_hf = from_hf,
          .hf_layout = {.names = &llama_hf_names}};
}

}  // namespace espalier::model
