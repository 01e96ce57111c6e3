// Which model families can be read, and how each one's keys become a ModelConfig.
#pragma once

#include <span>
#include <string_view>

#include "model/config.h"
#include "tensor/gguf_reader.h"

namespace espalier::model {

struct Family {
  std::string_view name;  // as general.architecture spells it
  ModelConfig (*config)(const tensor::GgufFile& file);
  // True where the file holds the rows of Q and K in llama.cpp's order, in which the two elements
  // that RoPE rotates together are neighbours; loading puts them back to half a head apart.
  bool interleaved_rope = false;
};

std::span<const Family> families();

// Throws InvalidFile naming what the file says and what is known.
const Family& family_of(const tensor::GgufFile& file);

ModelConfig llama_config(const tensor::GgufFile& file);

}  // namespace espalier::model
