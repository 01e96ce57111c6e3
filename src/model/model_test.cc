#include "model/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>

#include "espalier/error.h"
#include "model/families.h"
#include "model/load_gguf.h"
#include "model/tensor_names.h"

namespace espalier::model {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

ModelConfig good_config() {
  return {.family = "llama",
          .name = "n",
          .license = "",
          .width = 64,
          .heads = 4,
          .kv_heads = 2,
          .head_size = 16,
          .ffn_width = 96,
          .vocabulary = 100,
          .context = 128,
          .kv_slots = 2,
          .norm_epsilon = 1e-5F,
          .attention_scale = 0.25F,
          .ropes = {{.theta = 10000}},
          .tied_embeddings = true,
          .layers = {{.kv_slot = 0}, {.kv_slot = 1}}};
}

TEST(ModelConfig, NumbersThatDoNotFitTogetherAreRefusedByName) {
  EXPECT_NO_THROW(validate(good_config(), "f"));
  const auto refused = [](const std::function<void(ModelConfig&)>& spoil, const std::string& why) {
    ModelConfig config = good_config();
    spoil(config);
    EXPECT_THAT([&] { validate(config, "m.gguf"); },
                ThrowsMessage<InvalidFile>(AllOf(HasSubstr("m.gguf: "), HasSubstr(why))));
  };
  refused([](auto& c) { c.layers.clear(); }, "number of layers is 0");
  refused([](auto& c) { c.width = 0; }, "model width");
  refused([](auto& c) { c.ffn_width = std::size_t{1} << 40; }, "FFN width");
  refused([](auto& c) { c.vocabulary = 0; }, "vocabulary size");
  refused([](auto& c) { c.context = 0; }, "context length");
  refused([](auto& c) { c.head_size = 4096; }, "head size is 4096");
  refused([](auto& c) { c.head_size = 15; }, "odd");
  refused([](auto& c) { c.kv_heads = 3; }, "cannot share 3 KV heads");
  refused(
      [](auto& c) {
        c.heads = 130;
        c.kv_heads = 1;
      },
      "130 query heads on each KV head");
  refused([](auto& c) { c.norm_epsilon = -1; }, "epsilon is -1; above 0 and below 1");
  refused([](auto& c) { c.norm_epsilon = 0; }, "epsilon is 0");
  refused([](auto& c) { c.layers[1].window = std::size_t{1} << 27; },
          "layer 1 has a sliding window of 134217728; at most 67108864");
  refused([](auto& c) { c.ropes[0].theta = 0; }, "rotary base is 0");
  refused([](auto& c) { c.ropes[0].divisors = {1, 2}; }, "2 divisors");
  refused([](auto& c) { c.ropes[0].divisors.assign(8, -1); },
          "divisor of rotary frequencies is -1");
  refused([](auto& c) { c.layers[1].rope = 1; }, "layer 1 names rotary base 1 of 1");
  refused([](auto& c) { c.attention_scale = 0; }, "attention scale is 0");
  refused([](auto& c) { c.embedding_scale = std::nanf(""); }, "embedding scale is nan");
  refused([](auto& c) { c.layers[1].kv_slot = 2; }, "names KV slot 2 of 2");
  refused([](auto& c) { c.layers[1].kv_slot = 0; }, "layer 1 writes KV slot 0");
  refused([](auto& c) { c.layers[0].writes_kv = false; }, "no layer before it writes");
}

TEST(TensorNames, ATensorsPartIsTheOneThatItsNameHasInTheFile) {
  const auto part = [](std::string_view tensor, const TensorNames& names) {
    return name(part_of(tensor, names));
  };
  EXPECT_EQ(part("token_embd.weight", gguf_names), "embedding");
  EXPECT_EQ(part("output.weight", gguf_names), "output head");
  EXPECT_EQ(part("output_norm.weight", gguf_names), "norms");
  EXPECT_EQ(part("blk.0.attn_q.bias", gguf_names), "attention");
  EXPECT_EQ(part("blk.12.attn_q_norm.weight", gguf_names), "norms");
  EXPECT_EQ(part("blk.12.ffn_down.weight", gguf_names), "ffn");
  EXPECT_EQ(part("model.layers.3.self_attn.o_proj.weight", llama_hf_names), "attention");
  EXPECT_EQ(part("model.layers.3.post_attention_layernorm.weight", llama_hf_names), "norms");
  EXPECT_EQ(part("model.layers.3.mlp.up_proj.weight", llama_hf_names), "ffn");
  EXPECT_EQ(part("lm_head.weight", llama_hf_names), "output head");
  for (const char* other : {"rope_freqs.weight", "blk..attn_q.weight", "blk.0attn_q.weight",
                            "blk.0.", "blk", "", ".weight", "model.layers.3.mlp.up_proj.weight"}) {
    EXPECT_EQ(part(other, gguf_names), "other") << other;
  }
}

// A fixture's bytes, to be spoilt: each replacement has the length of what it replaces.
class SpoiltFile {
 public:
  explicit SpoiltFile(const std::string& name) {
    std::ifstream in("tests/parity/fixtures/" + name + ".gguf", std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(in), {});
  }
  // Replaces the first `from` at or after `anchor`.
  SpoiltFile& replace(const std::string& anchor, const std::string& from, const std::string& to) {
    EXPECT_EQ(from.size(), to.size());
    const std::size_t at = bytes_.find(from, bytes_.find(anchor));
    EXPECT_NE(at, std::string::npos) << from;
    bytes_.replace(at, from.size(), to);
    return *this;
  }
  // Sets the u32 or f32 value of a key: it stands behind the key's name and its type tag.
  SpoiltFile& set_u32(const std::string& key, std::uint32_t value) {
    const std::size_t at = bytes_.find(key) + key.size() + 4;
    std::memcpy(bytes_.data() + at, &value, 4);
    return *this;
  }
  Model load() const {
    base::ThreadPool pool(1);
    return load_gguf(tensor::GgufFile::parse("m.gguf", std::as_bytes(std::span(bytes_))), pool);
  }
  void expect_refused(const std::string& why) const {
    EXPECT_THAT([&] { load(); },
                ThrowsMessage<InvalidFile>(AllOf(HasSubstr("m.gguf: "), HasSubstr(why))));
  }

 private:
  std::string bytes_;
};

TEST(LoadGguf, ReadsTheConfigurationOfEveryFixture) {
  const Model tied = SpoiltFile("gqa_tied_f32").load();
  EXPECT_TRUE(tied.config.tied_embeddings);
  EXPECT_EQ(tied.config.layers.size(), tied.layers.size());
  EXPECT_EQ(tied.config.kv_heads, 2U);
  EXPECT_EQ(&tied.output_head(), &tied.embedding);
  const Model untied = SpoiltFile("llama3_scaled").load();
  EXPECT_FALSE(untied.config.tied_embeddings);
  EXPECT_EQ(untied.output_head().rows(), untied.config.vocabulary);
  EXPECT_EQ(untied.layers[0].qkv.parts.size(), 1U) << "parts of one dtype are fused";
}

TEST(LoadGguf, FilesThatWouldComputeSomethingElseAreRefused) {
  SpoiltFile("gqa_tied_f32")
      .replace("general.architecture", "llama", "mamba")
      .expect_refused("'mamba' is not supported; supported are: llama, qwen2, qwen3, gemma3");
  SpoiltFile("gqa_tied_f32")
      .replace("blk.1.ffn_up.weight", "blk.1.ffn_up.weight", "blk.1.ffn_up.wonder")
      .expect_refused("blk.1.ffn_up.weight");
  SpoiltFile("gqa_tied_f32").set_u32("llama.block_count", 1).expect_refused("has no place");
  SpoiltFile("gqa_tied_f32").set_u32("llama.block_count", 3).expect_refused("blk.2.");
  SpoiltFile("gqa_tied_f32").set_u32("llama.block_count", 0x7fffffff).expect_refused("block_count");
  SpoiltFile("gqa_tied_f32")
      .set_u32("llama.embedding_length", 128)
      .expect_refused("llama.rope.dimension_count is 16; the head size, 32, was expected");
  SpoiltFile("gqa_tied_f32").set_u32("llama.feed_forward_length", 64).expect_refused("ffn_gate");
  SpoiltFile("gqa_tied_f32").set_u32("llama.attention.head_count", 0).expect_refused("is 0");
  SpoiltFile("gqa_tied_f32").set_u32("llama.attention.head_count_kv", 3).expect_refused("share 3");
  SpoiltFile("gqa_tied_f32").set_u32("llama.context_length", 0).expect_refused("context length");
}

TEST(LoadGguf, ReadsEachFamilysKeys) {
  const ModelConfig llama = SpoiltFile("llama3_scaled").load().config;
  ASSERT_EQ(llama.ropes[0].divisors.size(), 8U);
  EXPECT_EQ(llama.ropes[0].divisors.front(), 1);
  EXPECT_EQ(llama.ropes[0].divisors.back(), 8);
  const ModelConfig mistral = SpoiltFile("mistral_window").load().config;
  for (const LayerConfig& layer : mistral.layers) EXPECT_EQ(layer.window, 100U);
  const Model qwen2 = SpoiltFile("qwen2_bias").load();
  EXPECT_EQ(qwen2.layers[1].qkv_bias.size(), qwen2.layers[1].qkv.rows());
  const Model qwen3 = SpoiltFile("qwen3_f32").load();
  EXPECT_EQ(qwen3.layers[1].q_norm.size(), qwen3.config.head_size);
  const ModelConfig gemma3 = SpoiltFile("gemma3_window").load().config;
  ASSERT_EQ(gemma3.layers.size(), 7U);
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(gemma3.layers[i].window, i == 5 ? 0U : 48U) << i;
    EXPECT_EQ(gemma3.ropes.at(gemma3.layers[i].rope.value()).theta, i == 5 ? 1e6F : 1e4F) << i;
  }
  EXPECT_EQ(gemma3.ropes[0].divisors, std::vector<float>(8, 8.0F));
  EXPECT_FLOAT_EQ(gemma3.embedding_scale, std::sqrt(32.0F));
}

TEST(LoadGguf, ATensorWithoutAPlaceIsRefused) {
  SpoiltFile("llama3_scaled")
      .replace("", "rope_freqs.weight", "rope_freqz.weight")
      .expect_refused("'rope_freqz.weight' has no place");
  SpoiltFile("qwen3_f32")
      .replace("", "blk.1.attn_q_norm.weight", "blk.1.attn_q_nurm.weight")
      .expect_refused("no tensor 'blk.1.attn_q_norm.weight'");
}

}  // namespace
}  // namespace espalier::model
