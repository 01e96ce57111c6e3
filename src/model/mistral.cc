// Mistral: llama whose layers may all have a sliding window. Its GGUF files say they are llama.
#include "model/families.h"

namespace espalier::model {
namespace {

ModelConfig from_hf(const HfKeys& keys) {
  // transformers overlooks it in this family; a file that has it was meant for another.
  keys.refuse("layer_types");
  ModelConfig config = keys.config({}, {});
  const auto window = keys.json().find("sliding_window");
  const bool slides = !window || !window->is_null();
  keys.set_windows(config, [=](std::size_t) { return slides; });
  return config;
}

}  // namespace

Family mistral_family() {
  return {.name = "mistral",
          .gguf = "",
          .hf = "mistral",
          .config_from_hf = from_hf,
          .hf_layout = {.names = &llama_hf_names}};
}

}  // namespace espalier::model
