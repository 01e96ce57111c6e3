// Which model families can be read, and how each one's files become a ModelConfig.
// docs/adding-a-family.md shows how to add one.
#pragma once

#include <span>
#include <string_view>

#include "model/config.h"
#include "model/hf_keys.h"
#include "model/load_weights.h"
#include "tensor/gguf_reader.h"

namespace espalier::model {

struct Family {
  std::string_view name;
  // How files spell it: general.architecture of a GGUF file, model_type of a folder's config.json.
  // Empty: there are no such files of this family.
  std::string_view gguf, hf;
  ModelConfig (*config_from_gguf)(const tensor::GgufFile& file) = nullptr;
  WeightLayout gguf_layout = {};
  ModelConfig (*config_from_hf)(const HfKeys& keys) = nullptr;
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
