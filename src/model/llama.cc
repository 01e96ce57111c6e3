// Llama and all that share its shape (SmolLM2 among them): pre-norm blocks of RMSNorm,
// grouped-query attention with RoPE, SwiGLU.
#include <fmt/format.h>

#include <cmath>
#include <cstdint>

#include "espalier/error.h"
#include "model/families.h"

namespace espalier::model {
namespace {

// Keys that change what the model computes in ways that this family does not know yet: loading a
// file that sets one would give wrong answers without a word.
void refuse_variants(const tensor::GgufFile& file) {
  const tensor::GgufMetadata& keys = file.metadata();
  const auto refuse = [&](std::string_view key, const auto& value) {
    throw InvalidFile(fmt::format("{}: {} is {}, which is not supported for the llama family",
                                  file.name(), key, value));
  };
  constexpr std::string_view scaling = "llama.rope.scaling.type";
  if (const auto type = keys.find_string(scaling); type && *type != "none") refuse(scaling, *type);
  for (const std::string_view key : {"llama.expert_count", "llama.attention.sliding_window"}) {
    if (const auto value = keys.find_integer<std::uint64_t>(key); value.value_or(0) != 0) {
      refuse(key, *value);
    }
  }
}

}  // namespace

ModelConfig llama_config(const tensor::GgufFile& file) {
  const tensor::GgufMetadata& keys = file.metadata();
  refuse_variants(file);
  const auto size = [&](std::string_view key) { return keys.get_integer<std::uint32_t>(key); };

  ModelConfig config;
  config.family = "llama";
  config.name = keys.find_string("general.name").value_or("");
  config.license = keys.find_string("general.license").value_or("");
  config.width = size("llama.embedding_length");
  config.heads = size("llama.attention.head_count");
  config.kv_heads = keys.find_integer<std::uint32_t>("llama.attention.head_count_kv")
                        .value_or(static_cast<std::uint32_t>(config.heads));
  if (config.heads == 0) {
    throw InvalidFile(fmt::format("{}: llama.attention.head_count is 0", file.name()));
  }
  config.head_size = keys.find_integer<std::uint32_t>("llama.attention.key_length")
                         .value_or(static_cast<std::uint32_t>(config.width / config.heads));
  config.ffn_width = size("llama.feed_forward_length");
  config.context = size("llama.context_length");
  config.norm_epsilon = keys.get_float("llama.attention.layer_norm_rms_epsilon");
  config.attention_scale = 1 / std::sqrt(static_cast<float>(config.head_size));
  config.ropes = {{.theta = keys.find_float("llama.rope.freq_base").value_or(10000.0F)}};
  for (const std::string_view key :
       {"llama.rope.dimension_count", "llama.attention.value_length"}) {
    const auto value = keys.find_integer<std::uint32_t>(key);
    if (value && *value != config.head_size) {
      throw InvalidFile(fmt::format("{}: {} is {}; the head size, {}, was expected", file.name(),
                                    key, *value, config.head_size));
    }
  }
  const tensor::GgufTensor& embedding = file.tensor("token_embd.weight");
  config.vocabulary = embedding.rows();
  config.tied_embeddings = file.find_tensor("output.weight") == nullptr;

  const std::uint32_t layers = size("llama.block_count");
  // Every layer needs tensors; a count beyond them is a lie that must not become an allocation.
  if (layers > file.tensors().size()) {
    throw InvalidFile(fmt::format("{}: llama.block_count is {}, but the file has {} tensors in all",
                                  file.name(), layers, file.tensors().size()));
  }
  for (std::uint32_t i = 0; i < layers; ++i) config.layers.push_back({.kv_slot = i});
  config.kv_slots = layers;
  return config;
}

}  // namespace espalier::model
