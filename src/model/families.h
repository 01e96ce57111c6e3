// Which model families can be read, and how each one's files become a ModelConfig.
// docs/adding-a-family.md shows how to add one.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>

#include "model/config.h"
#include "model/gguf_config.h"
#include "model/hf_keys.h"
#include "model/load_weights.h"
#include "tensor/gguf_reader.h"

namespace espalier::model {

struct Family {
  std::string_view name;
  // How files spell it: general.architecture of a GGUF file, model_type of a folder's config.json.
  std::string_view gguf, hf;
  // Null: a family whose GGUF files say they are another's, which reads them.
  ModelConfig (*config_from_gguf)(const tensor::GgufFile& file) = nullptr;
  void (*config_to_gguf)(const ModelConfig& config, GgufConfig& keys) = nullptr;
  WeightLayout gguf_layout = {};
  ModelConfig (*config_from_hf)(const HfKeys& keys) = nullptr;
  nlohmann::ordered_json (*config_to_hf)(const ModelConfig& config) = nullptr;
  WeightLayout hf_layout = {};
};

std::span<const Family> families();

// Throws InvalidFile naming what the file says and what is known.
const Family& family_of(const tensor::GgufFile& file);
const Family& family_of(const HfKeys& keys);
const Family& family_of(const ModelConfig& config);  // that read it

// Each in a file of its own.
Family llama_family();
Family mistral_family();
Family qwen2_family();
Family qwen3_family();
Family gemma3_family();

}  // namespace espalier::model
