// config.json of published models, shortened to what is read, and of what must be refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "espalier/error.h"
#include "model/hf_keys.h"
#include "model/load_folder.h"
#include "model/rope_scaling.h"

namespace espalier::model {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

ModelConfig read(const std::string& text) {
  return read_config(base::JsonDocument::parse("config.json", text, config_json_limits));
}

void expect_refused(const std::string& text, const std::string& why) {
  EXPECT_THAT([&] { read(text); },
              ThrowsMessage<InvalidFile>(AllOf(HasSubstr("config.json: "), HasSubstr(why))));
}

// `more` stands behind what every configuration needs.
std::string config_json(const std::string& family, const std::string& more) {
  return R"({"model_type": ")" + family + R"(", "hidden_size": 64, "intermediate_size": 96,
    "num_attention_heads": 4, "num_hidden_layers": 7, "vocab_size": 100,
    "max_position_embeddings": 4096, "rms_norm_eps": 1e-6)" +
         (more.empty() ? "" : ", " + more) + "}";
}

std::vector<std::size_t> windows(const ModelConfig& config) {
  std::vector<std::size_t> all;
  for (const LayerConfig& layer : config.layers) all.push_back(layer.window);
  return all;
}

TEST(FolderConfig, LlamaOfTransformers4) {
  const ModelConfig config =
      read(R"({"architectures": ["LlamaForCausalLM"], "attention_bias": false,
    "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "head_dim": 64,
    "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 8192,
    "max_position_embeddings": 131072, "mlp_bias": false, "model_type": "llama",
    "num_attention_heads": 32, "num_hidden_layers": 16, "num_key_value_heads": 8,
    "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": {"factor": 32.0,
    "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192,
    "rope_type": "llama3"}, "rope_theta": 500000.0, "tie_word_embeddings": true,
    "torch_dtype": "bfloat16", "use_cache": true, "vocab_size": 128256})");
  EXPECT_EQ(config.width, 2048U);
  EXPECT_EQ(config.kv_heads, 8U);
  EXPECT_EQ(config.layers.size(), 16U);
  EXPECT_FLOAT_EQ(config.attention_scale, 0.125F);
  EXPECT_TRUE(config.tied_embeddings);
  ASSERT_EQ(config.ropes.size(), 1U);
  EXPECT_EQ(config.ropes[0].theta, 500000);
  ASSERT_EQ(config.ropes[0].divisors.size(), 32U);
  EXPECT_EQ(config.ropes[0].divisors.front(), 1);
  EXPECT_EQ(config.ropes[0].divisors.back(), 32);
  EXPECT_THAT(windows(config), Each(0U));
}

TEST(FolderConfig, WhatIsNotThereIsWhatTransformersTakes) {
  const ModelConfig llama = read(config_json("llama", ""));
  EXPECT_EQ(llama.kv_heads, 4U);
  EXPECT_EQ(llama.head_size, 16U);
  EXPECT_EQ(llama.ropes[0].theta, 10000);
  EXPECT_FALSE(llama.tied_embeddings);
  EXPECT_EQ(read(config_json("qwen3", "")).head_size, 128U);
  const ModelConfig gemma = read(config_json("gemma3_text", ""));
  EXPECT_EQ(gemma.head_size, 256U);
  EXPECT_TRUE(gemma.tied_embeddings);
  EXPECT_THAT(windows(read(config_json("mistral", ""))), Each(4096U));
}

TEST(FolderConfig, MistralSlidesWhereItSaysSo) {
  EXPECT_THAT(windows(read(config_json("mistral", R"("sliding_window": 100)"))), Each(100U));
  EXPECT_THAT(windows(read(config_json("mistral", R"("sliding_window": null)"))), Each(0U));
  expect_refused(config_json("mistral", R"("layer_types": ["full_attention"])"), "/layer_types");
  expect_refused(config_json("mistral", R"("sliding_window": 0)"), "/sliding_window");
}

TEST(FolderConfig, QwenSlidesOnlyWhereItIsSwitchedOn) {
  const std::string sizes = R"("sliding_window": 32, "max_window_layers": 5)";
  const ModelConfig off = read(config_json("qwen2", sizes + R"(, "use_sliding_window": false)"));
  EXPECT_THAT(windows(off), Each(0U));
  EXPECT_TRUE(off.layers[0].qkv_bias);
  const ModelConfig on = read(config_json("qwen3", sizes + R"(, "use_sliding_window": true)"));
  EXPECT_THAT(windows(on), ElementsAre(0, 0, 0, 0, 0, 32, 32));
  EXPECT_TRUE(on.layers[0].qk_norm);
}

TEST(FolderConfig, GemmaOfTransformers4) {
  const ModelConfig config =
      read(config_json("gemma3_text", R"("head_dim": 32, "query_pre_attn_scalar": 64,
        "hidden_activation": "gelu_pytorch_tanh", "rope_theta": 2000000.0,
        "rope_local_base_freq": 20000.0, "sliding_window": 512, "sliding_window_pattern": 3,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "final_logit_softcapping": null)"));
  EXPECT_THAT(windows(config), ElementsAre(512, 512, 0, 512, 512, 0, 512));
  EXPECT_FLOAT_EQ(config.attention_scale, 0.125F);
  EXPECT_FLOAT_EQ(config.embedding_scale, 8);
  for (const LayerConfig& layer : config.layers) {
    const RopeConfig& rope = config.ropes.at(layer.rope.value());
    EXPECT_EQ(rope.theta, layer.window == 0 ? 2000000 : 20000);
    EXPECT_EQ(rope.divisors, std::vector<float>(layer.window == 0 ? 16 : 0, 8.0F));
    EXPECT_TRUE(layer.qk_norm && layer.post_norms && layer.activation == Activation::gelu_tanh);
  }
}

TEST(FolderConfig, GemmaOfTransformers5) {
  const ModelConfig config = read(config_json("gemma3_text", R"("head_dim": 32,
        "layer_types": ["sliding_attention", "sliding_attention", "sliding_attention",
          "full_attention", "sliding_attention", "full_attention", "sliding_attention"],
        "sliding_window": 512, "rope_parameters": {
          "full_attention": {"rope_type": "linear", "factor": 4, "rope_theta": 3e6},
          "sliding_attention": {"rope_type": "default", "rope_theta": 3e4}})"));
  EXPECT_THAT(windows(config), ElementsAre(512, 512, 512, 0, 512, 0, 512));
  EXPECT_EQ(config.ropes.at(config.layers[3].rope.value()).theta, 3e6F);
  EXPECT_THAT(config.ropes.at(config.layers[3].rope.value()).divisors, Each(4.0F));
  EXPECT_EQ(config.ropes.at(config.layers[0].rope.value()).theta, 3e4F);
}

TEST(FolderConfig, WhatIsNotComputedIsRefusedByName) {
  expect_refused(
      R"({"model_type": "mamba"})",
      "'mamba' is not supported; supported are: llama, mistral, qwen2, qwen3, gemma3_text");
  expect_refused(R"({"model_type": "gemma3"})", "Gemma3ForConditionalGeneration");
  expect_refused(R"({"hidden_size": 4})", "model_type");
  expect_refused(config_json("llama", R"("attention_bias": true)"), "/attention_bias");
  expect_refused(config_json("llama", R"("mlp_bias": true)"), "/mlp_bias");
  expect_refused(config_json("llama", R"("hidden_act": "gelu")"), "'silu' is expected");
  expect_refused(config_json("llama", R"("quantization_config": {"bits": 4})"),
                 "/quantization_config");
  expect_refused(config_json("gemma3_text", R"("final_logit_softcapping": 30.0)"),
                 "/final_logit_softcapping");
  expect_refused(config_json("gemma3_text", R"("attn_logit_softcapping": 50.0)"),
                 "/attn_logit_softcapping");
  expect_refused(config_json("gemma3_text", R"("use_bidirectional_attention": true)"),
                 "/use_bidirectional_attention");
  expect_refused(config_json("llama", R"("partial_rotary_factor": 0.5)"), "partial_rotary_factor");
  expect_refused(config_json("qwen2", R"("rope_scaling": {"type": "yarn", "factor": 4.0})"),
                 "RoPE scaling 'yarn'");
  expect_refused(config_json("llama", R"("layer_types": ["chunked_attention"])"), "7 elements");
  expect_refused(config_json("qwen3", R"("layer_types": ["a", "a", "a", "a", "a", "a", "a"])"),
                 "/layer_types/0");
}

TEST(FolderConfig, NumbersOutOfBoundsAreRefusedBeforeTheyAreAllocated) {
  expect_refused(config_json("llama", R"("head_dim": 1000000000000)"), "head size");
  expect_refused(config_json("llama", R"("head_dim": -1)"), "/head_dim");
  const auto with = [](const std::string& from, const std::string& to) {
    std::string text = config_json("llama", "");
    return text.replace(text.find(from), from.size(), to);
  };
  expect_refused(with(R"("num_hidden_layers": 7)", R"("num_hidden_layers": 1000000000000)"),
                 "/num_hidden_layers");
  expect_refused(with(R"("num_attention_heads": 4)", R"("num_attention_heads": 0)"),
                 "/num_attention_heads");
  expect_refused(with(R"("vocab_size": 100)", R"("vocab_size": "100")"), "/vocab_size");
  const std::string scaling = R"("original_max_position_embeddings": 8, "rope_type": "llama3")";
  expect_refused(config_json("llama", R"("rope_scaling": {"factor": 0, "low_freq_factor": 1,
                   "high_freq_factor": 4, )" +
                                          scaling + "}"),
                 "/rope_scaling/factor");
  expect_refused(config_json("llama", R"("rope_scaling": {"factor": 8, "low_freq_factor": 4,
                   "high_freq_factor": 4, )" +
                                          scaling + "}"),
                 "/rope_scaling/low_freq_factor");
}

TEST(RopeScaling, Llama3KeepsShortWavesDividesLongOnesAndBlendsBetween) {
  const auto divisors = llama3_divisors(128, 500000, {.factor = 8});
  ASSERT_EQ(divisors.size(), 64U);
  EXPECT_EQ(divisors.front(), 1);
  EXPECT_EQ(divisors.back(), 8);
  for (std::size_t i = 1; i < divisors.size(); ++i) EXPECT_GE(divisors[i], divisors[i - 1]);
  // Wave 32 is 4,443 positions long: 1.8438 turns in 8,192, of which (1.8438 - 1) / 3 is kept.
  const double turns = 8192 / (2 * std::acos(-1.0) * std::sqrt(500000.0));
  const double kept = (turns - 1) / 3;
  EXPECT_FLOAT_EQ(divisors[32], static_cast<float>(1 / ((1 - kept) / 8 + kept)));
}

TEST(RopeScaling, AFactorOfOneIsNone) {
  EXPECT_TRUE(linear_divisors(64, 1).empty());
  EXPECT_THAT(linear_divisors(64, 4), Each(4.0F));
}

TEST(RopeScaling, IsDescribedByWhatItDoes) {
  EXPECT_EQ(describe_scaling({}), "none");
  EXPECT_EQ(describe_scaling({.divisors = linear_divisors(64, 8)}), "linear, factor 8");
  EXPECT_EQ(describe_scaling({.divisors = llama3_divisors(128, 500000, {.factor = 8})}),
            "by frequency, factor 1 to 8");
}

}  // namespace
}  // namespace espalier::model
