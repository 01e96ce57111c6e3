// The keys of GGUF files without their weights: read_config() asks for no more tensors than the
// embedding.
#include "model/gguf_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "espalier/error.h"
#include "model/load_gguf.h"
#include "tensor/gguf_builder_testing.h"

namespace espalier::model {
namespace {

using tensor::GgufType;
using tensor::testing::key;
using tensor::testing::le;
using tensor::testing::string_key;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::string u32(const std::string& name, std::uint32_t value) {
  return key(name, GgufType::u32, le(value));
}
std::string f32(const std::string& name, float value) {
  return key(name, GgufType::f32, le(value));
}

// Width 8, 2 heads of size 4, an embedding of 3 rows and one layer; `more` are further keys.
ModelConfig read(const std::string& family, const std::vector<std::string>& more,
                 std::uint32_t heads = 2) {
  tensor::testing::GgufBuilder file;
  file.keys = {string_key("general.architecture", family),
               u32(family + ".embedding_length", 8),
               u32(family + ".attention.head_count", heads),
               u32(family + ".feed_forward_length", 8),
               u32(family + ".context_length", 64),
               u32(family + ".block_count", 1),
               f32(family + ".attention.layer_norm_rms_epsilon", 1e-5F)};
  file.keys.insert(file.keys.end(), more.begin(), more.end());
  file.tensors = {tensor::testing::tensor_entry("token_embd.weight", {8, 3}, 0, 0)};
  file.data.assign(96, '\0');
  const std::string bytes = file.build();
  return read_config(tensor::GgufFile::parse("m.gguf", tensor::testing::bytes_of(bytes)));
}

void expect_refused(const std::string& family, const std::string& more, const std::string& why) {
  EXPECT_THAT([&] { read(family, {more}); },
              ThrowsMessage<InvalidFile>(AllOf(HasSubstr("m.gguf: "), HasSubstr(why))));
}

TEST(GgufKeys, WhatIsNotThereIsWhatLlamaCppTakes) {
  const ModelConfig config = read("llama", {});
  EXPECT_EQ(config.kv_heads, 2U);
  EXPECT_EQ(config.head_size, 4U);
  EXPECT_EQ(config.attention_scale, 0.5F);
  EXPECT_EQ(config.ropes[0].theta, 10000);
  EXPECT_TRUE(config.ropes[0].divisors.empty());
  EXPECT_EQ(config.layers[0].window, 0U);
  const ModelConfig gemma = read("gemma3", {u32("gemma3.attention.sliding_window", 16)});
  EXPECT_EQ(gemma.ropes[0].theta, 1e6F);
  EXPECT_EQ(gemma.ropes[1].theta, 1e4F);
}

TEST(GgufKeys, ScalingIsLinearUnlessItSaysOtherwise) {
  const std::string type = "llama.rope.scaling.type";
  const std::string factor = f32("llama.rope.scaling.factor", 4);
  EXPECT_THAT(read("llama", {factor}).ropes[0].divisors, Each(4.0F));
  EXPECT_THAT(read("llama", {f32("llama.rope.scale_linear", 2)}).ropes[0].divisors, Each(2.0F));
  EXPECT_THAT(read("llama", {string_key(type, "linear"), factor}).ropes[0].divisors, Each(4.0F));
  EXPECT_TRUE(read("llama", {string_key(type, "none"), factor}).ropes[0].divisors.empty());
  // 0 is how llama.cpp's writers say that there is none.
  EXPECT_TRUE(read("llama", {f32("llama.rope.scaling.factor", 0)}).ropes[0].divisors.empty());
  EXPECT_THAT(read("llama", {factor, f32("llama.rope.scale_linear", 2)}).ropes[0].divisors,
              Each(4.0F));
  expect_refused("llama", string_key(type, "yarn"), "llama.rope.scaling.type is 'yarn'");
  expect_refused("llama", string_key(type, "\x1b[2J"), "llama.rope.scaling.type is '\\x1b[2J'");
  expect_refused("llama", f32("llama.rope.scaling.factor", -1), "divisor");
}

TEST(GgufKeys, AFileMaySayItsAttentionScale) {
  EXPECT_EQ(read("llama", {f32("llama.attention.scale", 0.25F)}).attention_scale, 0.25F);
}

TEST(GgufKeys, GemmasPatternIsReadWhereItIsSaid) {
  const std::string window = u32("gemma3.attention.sliding_window", 16);
  const auto pattern = [](std::uint32_t every) {
    return u32("gemma3.attention.sliding_window_pattern", every);
  };
  EXPECT_EQ(read("gemma3", {window}).layers[0].window, 16U);
  EXPECT_EQ(read("gemma3", {window, pattern(1)}).layers[0].window, 0U);
  EXPECT_EQ(read("gemma3", {window, pattern(2)}).layers[0].window, 16U);
  expect_refused("gemma3", pattern(1), "gemma3.attention.sliding_window");
}

TEST(GgufKeys, WhatIsNotComputedIsRefusedByName) {
  expect_refused("llama", u32("llama.expert_count", 8), "llama.expert_count is 8");
  expect_refused("qwen2", u32("qwen2.attention.sliding_window", 8),
                 "qwen2.attention.sliding_window");
  expect_refused("qwen3", u32("qwen3.attention.sliding_window", 8),
                 "qwen3.attention.sliding_window");
  expect_refused("llama", f32("llama.final_logit_softcapping", 30),
                 "llama.final_logit_softcapping");
  expect_refused("llama", f32("llama.attn_logit_softcapping", 50), "llama.attn_logit_softcapping");
  expect_refused("llama", f32("llama.logit_scale", 2), "llama.logit_scale");
  expect_refused("llama", f32("llama.attention.max_alibi_bias", 8), "max_alibi_bias");
  expect_refused("llama", key("llama.attention.causal", GgufType::boolean, std::string(1, '\0')),
                 "llama.attention.causal is false");
  EXPECT_NO_THROW(read("llama", {u32("llama.expert_count", 0), f32("llama.logit_scale", 0),
                                 key("llama.attention.causal", GgufType::boolean, "\1")}));
}

TEST(GgufKeys, ZeroAndAbsurdCountsAreRefused) {
  const auto with = [](std::uint32_t layers, std::uint32_t width) {
    tensor::testing::GgufBuilder file;
    file.keys = {string_key("general.architecture", "llama"),
                 u32("llama.embedding_length", width),
                 u32("llama.attention.head_count", 2),
                 u32("llama.feed_forward_length", 8),
                 u32("llama.context_length", 64),
                 u32("llama.block_count", layers),
                 f32("llama.attention.layer_norm_rms_epsilon", 1e-5F)};
    file.tensors = {tensor::testing::tensor_entry("token_embd.weight", {8, 3}, 0, 0)};
    file.data.assign(96, '\0');
    const std::string bytes = file.build();
    return read_config(tensor::GgufFile::parse("m.gguf", tensor::testing::bytes_of(bytes)));
  };
  EXPECT_EQ(with(1, 8).layers.size(), 1U);
  const auto refused = [&](std::uint32_t layers, std::uint32_t width, const char* why) {
    EXPECT_THAT([&] { with(layers, width); }, ThrowsMessage<InvalidFile>(HasSubstr(why)));
  };
  refused(0, 8, "number of layers is 0");
  refused(0xffffffff, 8, "llama.block_count is 4294967295, but the file has 1 tensors in all");
  refused(1, 0, "the head size is 0");
  refused(1, 0xffffffff, "the head size is 2147483647");
}

TEST(GgufKeys, HeadsOutOfBoundsAreRefusedBeforeAnythingIsAllocated) {
  expect_refused("llama", u32("llama.attention.key_length", 0xfffffff0), "head size");
  expect_refused("llama", u32("llama.attention.head_count_kv", 0), "KV heads");
  EXPECT_THROW(read("llama", {}, 0), InvalidFile);
}

}  // namespace
}  // namespace espalier::model
