// The engine against transformers: other people's code on the same weights.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/fixture_testing.h"
#include "tensor/packed_matrix.h"
#include "tests/parity/expected.h"

namespace espalier::engine {
namespace {

class Parity : public ::testing::TestWithParam<std::string> {
 protected:
  const std::shared_ptr<const model::Model> model_ = testing::load_fixture(GetParam());
  const parity::Expected expected_ =
      parity::read_expected("tests/parity/fixtures/" + GetParam() + ".expected");

  // check(logits of the expected file's tokens, isa)
  template <class Check>
  void on_every_isa(const std::shared_ptr<const model::Model>& model, Check check) const {
    for (base::Isa isa : base::all_isas) {
      if (!base::is_available(isa)) {
        std::cout << "this machine lacks " << base::name(isa) << ": not compared\n";
        continue;
      }
      SCOPED_TRACE(base::name(isa));
      std::cout << GetParam() << ", " << base::name(isa) << ": ";
      check(logits_on(isa, model), isa);
    }
  }
  std::vector<float> logits_on(base::Isa isa, std::shared_ptr<const model::Model> model) const {
    return testing::logits_of(std::move(model),
                              {.threads = 2, .isa = isa, .kv_type = kernels::KvType::f32},
                              expected_.ids);
  }
};

tensor::PackedMatrix dequantised(const tensor::PackedMatrix& w) {
  std::vector<float> values(w.rows() * w.cols());
  for (std::size_t n = 0; n < w.rows(); ++n) {
    tensor::unpack_row(w, n, std::span(values).subspan(n * w.cols(), w.cols()));
  }
  return tensor::pack(
      {tensor::DType::f32, w.rows(), w.cols(), std::as_bytes(std::span<const float>(values))});
}

model::Projection dequantised(const model::Projection& projection) {
  model::Projection result;
  for (const auto& part : projection.parts) result.parts.push_back(dequantised(part));
  return result;
}

// The same values as F32 weights: what the expected logits of quantised fixtures were computed
// with.
std::shared_ptr<const model::Model> dequantised(const model::Model& model) {
  auto result = std::make_shared<model::Model>();
  result->config = model.config;
  result->embedding = dequantised(model.embedding);
  result->final_norm = model.final_norm;
  if (!model.config.tied_embeddings) result->head = dequantised(model.head);
  for (const model::LayerWeights& layer : model.layers) {
    result->layers.push_back({.attention_norm = layer.attention_norm,
                              .qkv = dequantised(layer.qkv),
                              .qkv_bias = layer.qkv_bias,
                              .q_norm = layer.q_norm,
                              .k_norm = layer.k_norm,
                              .attention_out = dequantised(layer.attention_out),
                              .post_attention_norm = layer.post_attention_norm,
                              .ffn_norm = layer.ffn_norm,
                              .gate_up = dequantised(layer.gate_up),
                              .down = dequantised(layer.down),
                              .post_ffn_norm = layer.post_ffn_norm});
  }
  return result;
}

TEST_P(Parity, LogitsInF32EqualThoseOfTransformers) {
  ASSERT_EQ(expected_.tokens(), 512U);
  ASSERT_EQ(expected_.vocabulary, model_->config.vocabulary);
  on_every_isa(dequantised(*model_), [&](const std::vector<float>& logits, base::Isa) {
    double worst = 0;
    for (std::size_t t = 0; t < expected_.tokens(); ++t) {
      worst = std::max(worst, expected_.error_at(t, logits.data() + t * expected_.vocabulary));
    }
    std::cout << "max|Δlogit| = " << worst / expected_.max_abs_logit << " · max|logit|\n";
    EXPECT_LE(worst, 1e-4 * expected_.max_abs_logit);
  });
}

// Activations of 8 bits: a block's codes are off by up to 1/254 of its largest value, about 0.6 %
// of a normal block's norm, in each of the 4 matmuls of a layer and the head. Random weights pass
// that on undamped through 2 layers; 5 % leaves room for softmax to sharpen it.
TEST_P(Parity, QuantisedWeightsGiveLogitsCloseToThoseInF32) {
  on_every_isa(model_, [&](const std::vector<float>& logits, base::Isa) {
    const std::size_t V = expected_.vocabulary;
    double error = 0, norm = 0;
    for (std::size_t i = 0; i < expected_.positions.size(); ++i) {
      for (std::size_t v = 0; v < V; ++v) {
        const double want = expected_.logits[i * V + v];
        const double difference = logits[expected_.positions[i] * V + v] - want;
        error += difference * difference;
        norm += want * want;
      }
    }
    std::cout << "|Δlogits| = " << std::sqrt(error / norm) << " · |logits|\n";
    EXPECT_LE(std::sqrt(error / norm), 0.05);
  });
}

// Models of every family, as GGUF and as a folder.
const auto families = ::testing::Values("llama3_scaled", "mistral_window", "qwen2_bias",
                                        "qwen3_f32", "gemma3_window");

const auto fixture_name = [](const auto& instance) { return instance.param; };

INSTANTIATE_TEST_SUITE_P(Types, Parity,
                         ::testing::Values("gqa_tied_f32", "width96_q8_0", "width96_q4_0",
                                           "head64_q4_1"),
                         fixture_name);
INSTANTIATE_TEST_SUITE_P(Families, Parity, families, fixture_name);

class FolderParity : public Parity {};

// Closer than the 1e-5 that two files of one model may differ by: the packed weights are the same,
// so the bits are. The folder thereby has what the test above says of the file.
TEST_P(FolderParity, AFolderGivesTheBitsOfItsGgufFile) {
  const auto folder = testing::load_fixture_folder(GetParam());
  EXPECT_EQ(folder->config.tied_embeddings, model_->config.tied_embeddings);
  on_every_isa(folder, [&](const std::vector<float>& logits, base::Isa isa) {
    const std::vector<float> expected = logits_on(isa, model_);
    std::cout << logits.size() << " logits compared\n";
    ASSERT_EQ(logits.size(), expected.size());
    EXPECT_EQ(std::memcmp(logits.data(), expected.data(), expected.size() * sizeof(float)), 0);
  });
}

INSTANTIATE_TEST_SUITE_P(Families, FolderParity, families, fixture_name);

}  // namespace
}  // namespace espalier::engine
