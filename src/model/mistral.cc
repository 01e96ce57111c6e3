// Mistral: llama whose layers may all have a sliding window. Its GGUF files say they are llama.
#include <nlohmann/json.hpp>

#include "model/families.h"
#include "model/hf_config.h"

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

nlohmann::ordered_json to_hf(const ModelConfig& config) {
  auto json = hf_config(config, {.model_type = "mistral", .architecture = "MistralForCausalLM"});
  const std::size_t window = config.layers.front().window;
  json["sliding_window"] = nullptr;
  if (window != 0) json["sliding_window"] = window;
  return json;
}

}  // namespace

Family mistral_family() {
  const Family llama = llama_family();
  return {.name = "mistral",
          .gguf = llama.gguf,
          .hf = "mistral",
          .config_to_gguf = llama.config_to_gguf,
          .gguf_layout = llama.gguf_layout,
          .config_from_hf = from_hf,
          .config_to_hf = to_hf,
          .hf_layout = {.names = &llama_hf_names}};
}

}  // namespace espalier::model
