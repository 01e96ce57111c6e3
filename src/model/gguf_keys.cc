#include "model/gguf_keys.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

#include "base/message_format.h"
#include "espalier/error.h"
#include "model/rope_scaling.h"
#include "tensor/dequantise.h"

namespace espalier::model {
namespace {

// Keys that change what a model computes, and the value at which they do not. Loading a file that
// sets one to something else would give wrong answers without a word.
constexpr struct {
  std::string_view key, neutral;
} variants[] = {
    {"expert_count", "0"},
    {"attention.causal", "true"},
    {"attention.clamp_kqv", "0"},
    {"attention.max_alibi_bias", "0"},
    {"attn_logit_softcapping", "0"},
    {"final_logit_softcapping", "0"},
    {"logit_scale", "0"},
    {"residual_scale", "0"},
    {"embedding_scale", "0"},
    {"use_parallel_residual", "false"},
    {"rope.scaling.attn_factor", "1"},
};

}  // namespace

GgufKeys::GgufKeys(const tensor::GgufFile& file)
    : file_(file),
      prefix_(std::string(file.metadata().get_string("general.architecture")).append(".")) {}

std::size_t GgufKeys::size(std::string_view key) const {
  return file_.metadata().get_integer<std::uint32_t>(full_name(key));
}

std::optional<std::size_t> GgufKeys::find_size(std::string_view key) const {
  return file_.metadata().find_integer<std::uint32_t>(full_name(key));
}

std::optional<float> GgufKeys::find_float(std::string_view key) const {
  return file_.metadata().find_float(full_name(key));
}

void GgufKeys::refuse(std::string_view key, std::string_view neutral) const {
  const std::string name = full_name(key);
  const tensor::GgufValue* value = file_.metadata().find(name);
  if (value == nullptr) return;
  if (const std::string text = tensor::to_text(*value); text != neutral) {
    throw InvalidFile(
        fmt::format("{}: {} is {}, which is not supported", file_.name(), name, text));
  }
}

ModelConfig GgufKeys::config(const LayerConfig& layer) const {
  for (const auto& [key, neutral] : variants) refuse(key, neutral);
  ModelConfig config;
  config.family = prefix_.substr(0, prefix_.size() - 1);
  config.name = file_.metadata().find_string("general.name").value_or("");
  config.license = file_.metadata().find_string("general.license").value_or("");
  config.width = size("embedding_length");
  config.heads = size("attention.head_count");
  config.kv_heads = find_size("attention.head_count_kv").value_or(config.heads);
  if (config.heads == 0) {
    throw InvalidFile(fmt::format("{}: {} is 0", file_.name(), full_name("attention.head_count")));
  }
  config.head_size = find_size("attention.key_length").value_or(config.width / config.heads);
  validate_heads(config, file_.name());
  for (const std::string_view key : {"rope.dimension_count", "attention.value_length"}) {
    if (const auto value = find_size(key); value.value_or(config.head_size) != config.head_size) {
      throw InvalidFile(fmt::format("{}: {} is {}; the head size, {}, was expected", file_.name(),
                                    full_name(key), *value, config.head_size));
    }
  }
  config.ffn_width = size("feed_forward_length");
  config.context = size("context_length");
  config.norm_epsilon = file_.metadata().get_float(full_name("attention.layer_norm_rms_epsilon"));
  config.attention_scale = find_float("attention.scale").value_or(0);
  if (config.attention_scale == 0) {
    config.attention_scale = 1 / std::sqrt(static_cast<float>(config.head_size));
  }
  config.ropes = {rope(config.head_size)};
  config.vocabulary = file_.tensor("token_embd.weight").rows();
  config.tied_embeddings = file_.find_tensor("output.weight") == nullptr;

  const std::size_t layers = size("block_count");
  // Every layer needs tensors; a count beyond them is a lie that must not become an allocation.
  if (layers > file_.tensors().size()) {
    throw InvalidFile(fmt::format("{}: {} is {}, but the file has {} tensors in all", file_.name(),
                                  full_name("block_count"), layers, file_.tensors().size()));
  }
  config.layers.assign(layers, layer);
  for (std::size_t i = 0; i < layers; ++i) config.layers[i].kv_slot = i;
  config.kv_slots = layers;
  return config;
}

// As llama.cpp reads them: a factor without a type means linear scaling, and the divisors of
// rope_freqs.weight come on top.
RopeConfig GgufKeys::rope(std::size_t head_size) const {
  RopeConfig rope{.theta = find_float("rope.freq_base").value_or(10000.0F)};
  const std::string key = full_name("rope.scaling.type");
  const std::string_view type = file_.metadata().find_string(key).value_or("linear");
  if (type != "none" && type != "linear") {
    throw InvalidFile(
        fmt::format("{}: {} is {}; supported are: none, linear (and llama 3's, "
                    "which GGUF files hold as tensor rope_freqs.weight)",
                    file_.name(), key, base::quoted(type)));
  }
  float factor = 0;
  if (type == "linear") {
    factor =
        find_float("rope.scaling.factor").value_or(find_float("rope.scale_linear").value_or(0));
  }
  rope.divisors = linear_divisors(head_size, factor == 0 ? 1 : factor);
  if (const auto* tensor = file_.find_tensor("rope_freqs.weight")) {
    const tensor::TensorView view = file_.weights(*tensor);
    if (view.rows != 1 || view.cols != head_size / 2) {
      throw InvalidFile(
          fmt::format("{}: tensor 'rope_freqs.weight' has shape [{}, {}]; half the "
                      "head size, [1, {}], was expected",
                      file_.name(), view.rows, view.cols, head_size / 2));
    }
    std::vector<float> divisors(view.cols);
    tensor::dequantise(view.dtype, view.bytes, divisors);
    for (std::size_t i = 0; i < rope.divisors.size(); ++i) divisors[i] *= rope.divisors[i];
    rope.divisors = std::move(divisors);
  }
  return rope;
}

}  // namespace espalier::model
