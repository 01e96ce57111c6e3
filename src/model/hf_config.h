// config.json of a Hugging Face folder, written: the way back from hf_keys.h. Spelled as
// transformers 4 does, which transformers 5 reads as well.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "model/config.h"

namespace espalier::model {

// What a family's files say beside the numbers.
struct HfSpelling {
  std::string_view model_type;    // "llama"
  std::string_view architecture;  // "LlamaForCausalLM"
  std::string_view activation_key = "hidden_act";
  std::string_view activation = "silu";
};

// What all families spell alike, with the base and the scaling of the first RoPE.
nlohmann::ordered_json hf_config(const ModelConfig& config, const HfSpelling& spelling);

// The float in the fewest digits that mean it: 1e-5, where a double would say 9.99999975e-06.
double shortest(float value);

// Throws InvalidFile, starting with `origin`, where a reader of `written` would take the model for
// another one than `config`: what config.json cannot say is refused by name.
void require_readable(const nlohmann::ordered_json& written, const ModelConfig& config,
                      std::string_view origin);

}  // namespace espalier::model
