// Configurations written and read again: nothing may change on the way, and what cannot be said is
// refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "espalier/error.h"
#include "model/config_difference.h"
#include "model/families.h"
#include "model/hf_config.h"
#include "model/rope_scaling.h"
#include "model/row_order.h"

namespace espalier::model {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

ModelConfig some_config(const std::string& family, const LayerConfig& layer = {}) {
  ModelConfig config{.family = family,
                     .name = "",
                     .license = "",
                     .width = 64,
                     .heads = 4,
                     .kv_heads = 2,
                     .head_size = 24,
                     .ffn_width = 96,
                     .vocabulary = 100,
                     .context = 4096,
                     .kv_slots = 13,
                     .norm_epsilon = 1e-6F,
                     .attention_scale = 1 / std::sqrt(24.0F),
                     .ropes = {{.theta = 500'000}},
                     .tied_embeddings = true,
                     .layers = std::vector<LayerConfig>(13, layer)};
  for (std::size_t i = 0; i < config.layers.size(); ++i) config.layers[i].kv_slot = i;
  return config;
}

ModelConfig gemma_config(std::size_t pattern) {
  ModelConfig config = some_config(
      "gemma3", {.qk_norm = true, .post_norms = true, .activation = Activation::gelu_tanh});
  config.embedding_scale = 8;
  config.attention_scale = 1 / std::sqrt(256.0F);
  config.ropes.push_back({.theta = 10'000});
  for (std::size_t i = 0; i < config.layers.size(); ++i) {
    if (pattern != 0 && (i + 1) % pattern == 0) continue;
    config.layers[i].window = 512;
    config.layers[i].rope = 1;
  }
  return config;
}

// As require_readable() sees it.
void expect_hf_same(const ModelConfig& config) {
  SCOPED_TRACE(config.family);
  const auto json = family_of(config).config_to_hf(config);
  EXPECT_NO_THROW(require_readable(json, config, "m"));
}

void expect_hf_refused(const ModelConfig& config, const std::string& why) {
  EXPECT_THAT([&] { require_readable(family_of(config).config_to_hf(config), config, "m"); },
              ThrowsMessage<InvalidFile>(HasSubstr("m: " + why)));
}

void to_gguf(const ModelConfig& config) {
  const Family& family = family_of(config);
  tensor::GgufKeys keys;
  GgufConfig architecture(config, family.gguf, "m", keys);
  family.config_to_gguf(config, architecture);
}

void expect_gguf_refused(const ModelConfig& config, const std::string& why) {
  EXPECT_THAT([&] { to_gguf(config); }, ThrowsMessage<InvalidFile>(HasSubstr("m: " + why)));
}

std::vector<ModelConfig> plain_configs() {
  return {some_config("llama"),
          some_config("llama", {.window = 100}),
          some_config("mistral"),
          some_config("mistral", {.window = 100}),
          some_config("qwen2", {.qkv_bias = true}),
          some_config("qwen3", {.qk_norm = true}),
          gemma_config(6),
          gemma_config(2),
          gemma_config(1),
          gemma_config(0)};
}

TEST(ConvertConfig, EveryFamilyIsReadAsItWas) {
  for (ModelConfig config : plain_configs()) {
    expect_hf_same(config);
    EXPECT_NO_THROW(to_gguf(config)) << config.family;
    config.tied_embeddings = false;
    config.ropes[0].divisors = linear_divisors(config.head_size, 8);
    expect_hf_same(config);
    EXPECT_NO_THROW(to_gguf(config)) << config.family;
  }
}

TEST(ConvertConfig, GemmasQueryScalarIsAnIntegerWhereItCanBe) {
  ModelConfig config = gemma_config(6);
  for (const int scalar : {16, 168, 256}) {
    config.attention_scale = 1 / std::sqrt(static_cast<float>(scalar));
    const auto json = family_of(config).config_to_hf(config);
    EXPECT_TRUE(json["query_pre_attn_scalar"].is_number_integer()) << scalar;
    EXPECT_EQ(json["query_pre_attn_scalar"], scalar);
  }
  config.attention_scale = 1 / std::sqrt(16.5F);
  EXPECT_EQ(family_of(config).config_to_hf(config)["query_pre_attn_scalar"], 16.5);
}

TEST(ConvertConfig, Llama3ScalingIsFoundAgain) {
  for (const Llama3Scaling& scaling : {Llama3Scaling{.factor = 8}, Llama3Scaling{.factor = 32},
                                       Llama3Scaling{.factor = 8, .original_context = 64}}) {
    ModelConfig config = some_config("llama");
    config.ropes[0].divisors = llama3_divisors(config.head_size, 500'000, scaling);
    expect_hf_same(config);
    EXPECT_EQ(rope_frequencies(config), config.ropes[0].divisors);
  }
  EXPECT_TRUE(rope_frequencies(some_config("llama")).empty());
}

TEST(ConvertConfig, WhatConfigJsonCannotSayIsRefused) {
  ModelConfig config = some_config("llama");
  config.attention_scale = 0.5F;
  expect_hf_refused(config, "the attention scale is 0.5, not 0.204");
  config = some_config("llama");
  config.layers[3].window = 7;
  expect_hf_refused(config, "the window of layer 3 is 7, not 0");
  config = some_config("llama");
  config.ropes[0].divisors = std::vector<float>(12, 2);
  config.ropes[0].divisors[5] = 3;
  expect_hf_refused(config, "divisor 0 of RoPE 0 is 2, not 1");
  config = gemma_config(6);
  config.layers[0].window = 7;
  expect_hf_refused(config, "the window of layer 0 is 7, not 512");
}

TEST(ConvertConfig, WhatGgufKeysCannotSayIsRefused) {
  ModelConfig config = some_config("llama", {.window = 7});
  config.layers[3].window = 0;
  expect_gguf_refused(config, "the window of layer 3 is 0, not 7");
  expect_gguf_refused(some_config("qwen3", {.window = 7, .qk_norm = true}),
                      "the window of layer 0 is 7, not 0");
  config = gemma_config(6);
  config.layers[4] = config.layers[5];
  config.layers[4].kv_slot = 4;
  expect_gguf_refused(config, "the window of layer");
  config = gemma_config(6);
  config.ropes[0].divisors = std::vector<float>(12, 2);
  config.ropes[0].divisors[5] = 3;
  expect_gguf_refused(config, "divisor 0 of RoPE 0 is 2, not 1");
  config = gemma_config(6);
  config.ropes[1].divisors = linear_divisors(24, 2);
  expect_gguf_refused(config, "divisor 0 of RoPE 1 is 2, not 1");
  expect_hf_refused(config, "divisor 0 of RoPE 1 is 2, not 1");
}

TEST(RowOrder, EachIsTheWayBackOfTheOther) {
  for (const std::size_t head_size : {2, 6, 64}) {
    for (std::size_t row = 0; row < 3 * head_size; ++row) {
      EXPECT_EQ(straight_row(interleaved_row(row, head_size), head_size), row);
      EXPECT_EQ(interleaved_row(row, head_size) / head_size, row / head_size);
    }
  }
  // Two halves of 3: 0 3 1 4 2 5.
  EXPECT_EQ(interleaved_row(3, 6), 1U);
  EXPECT_EQ(interleaved_row(1, 6), 2U);
}

}  // namespace
}  // namespace espalier::model
