#include "model/forward.h"

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <numeric>
#include <random>

#include "model/reference_testing.h"

namespace espalier::model {
namespace {

class RandomWeights {
 public:
  tensor::PackedMatrix matrix(std::size_t rows, std::size_t cols) {
    std::normal_distribution<float> normal(0, 1 / std::sqrt(static_cast<float>(cols)));
    std::vector<float> values(rows * cols);
    for (float& value : values) value = normal(random_);
    return tensor::pack(
        tensor::TensorView{tensor::DType::f32, rows, cols, std::as_bytes(std::span(values))});
  }
  Projection projection(std::size_t rows, std::size_t cols) {
    Projection result;
    result.parts.push_back(matrix(rows, cols));
    return result;
  }
  std::vector<float> norm(std::size_t size) {
    std::uniform_real_distribution<float> uniform(0.5F, 1.5F);
    std::vector<float> values(size);
    for (float& value : values) value = uniform(random_);
    return values;
  }

 private:
  std::mt19937 random_{11};
};

Model random_model(std::vector<LayerConfig> layers, std::size_t slots) {
  Model model;
  ModelConfig& c = model.config;
  c = {.family = "test",
       .name = "random",
       .license = "",
       .width = 48,
       .heads = 6,
       .kv_heads = 2,
       .head_size = 20,
       .ffn_width = 56,
       .vocabulary = 37,
       .context = 512,
       .kv_slots = slots,
       .norm_epsilon = 1e-5F,
       .attention_scale = 0.21F,
       .embedding_scale = 1.5F,
       .ropes = {{}, {.theta = 500, .divisors = {1, 1, 1.5F, 2, 3, 4, 5, 6, 7, 8}}},
       .tied_embeddings = false,
       .layers = std::move(layers)};
  validate(c, "random");
  RandomWeights random;
  model.embedding = random.matrix(c.vocabulary, c.width);
  for (const LayerConfig& layer : c.layers) {
    const std::size_t qkv = c.query_width() + (layer.writes_kv ? 2 * c.kv_width() : 0);
    model.layers.push_back({
        .attention_norm = random.norm(c.width),
        .qkv = random.projection(qkv, c.width),
        .qkv_bias = random.norm(layer.qkv_bias ? qkv : 0),
        .q_norm = random.norm(layer.qk_norm ? c.head_size : 0),
        .k_norm = random.norm(layer.qk_norm && layer.writes_kv ? c.head_size : 0),
        .attention_out = random.projection(c.width, c.query_width()),
        .post_attention_norm = random.norm(layer.post_norms ? c.width : 0),
        .ffn_norm = random.norm(c.width),
        .gate_up = random.projection(2 * c.ffn_width, c.width),
        .down = random.projection(c.width, c.ffn_width),
        .post_ffn_norm = random.norm(layer.post_norms ? c.width : 0),
    });
  }
  model.final_norm = random.norm(c.width);
  model.head = random.matrix(c.vocabulary, c.width);
  return model;
}

std::vector<std::size_t> first_numbers(std::size_t count) {
  std::vector<std::size_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  return numbers;
}

// Logits [wanted, V] of the real forward pass, in one batch.
std::vector<float> forward_logits(const Model& model, const std::vector<InputRow>& rows,
                                  const std::vector<std::size_t>& wanted, base::Isa isa) {
  base::ThreadPool pool(2);
  const KvShape shape = kv_shape(model.config, kernels::KvType::f32);
  Forward forward(std::shared_ptr<const Model>(&model, [](const Model*) {}), kernels::ops_for(isa),
                  pool, shape);
  std::vector<std::unique_ptr<std::byte[]>> storage;
  std::vector<std::byte*> pages;
  for (std::size_t p = 0; p * kernels::page_positions < rows.size(); ++p) {
    // Bytes that are NaN as floats: what is not written must not be read.
    storage.push_back(std::make_unique<std::byte[]>(shape.page_bytes() + 64));
    std::fill_n(storage.back().get(), shape.page_bytes() + 64, std::byte{0xff});
    const auto address = reinterpret_cast<std::uintptr_t>(storage.back().get());
    pages.push_back(storage.back().get() + (64 - address % 64));
  }
  const Segment segment{.first_row = 0, .tokens = rows.size(), .first_position = 0, .pages = pages};
  EXPECT_TRUE(forward.run(rows, {&segment, 1}, wanted, {}));
  std::vector<float> logits(wanted.size() * model.config.vocabulary);
  forward.logits(first_numbers(wanted.size()),
                 {logits.data(), wanted.size(), model.config.vocabulary});
  return logits;
}

// Of all rows.
std::vector<float> forward_logits(const Model& model, const std::vector<InputRow>& rows,
                                  base::Isa isa) {
  return forward_logits(model, rows, first_numbers(rows.size()), isa);
}

void expect_close_to_reference(const Model& model, std::size_t count) {
  std::vector<base::TokenId> tokens;
  std::vector<InputRow> rows;
  for (std::size_t t = 0; t < count; ++t) {
    tokens.push_back(static_cast<base::TokenId>((t * t * 7 + t) % model.config.vocabulary));
    rows.push_back({.token = tokens.back()});
  }
  const auto expected = testing::reference_logits(model, tokens);
  for (base::Isa isa : base::all_isas) {
    if (!base::is_available(isa)) {
      std::cout << "this machine lacks " << base::name(isa) << ": not compared\n";
      continue;
    }
    const auto logits = forward_logits(model, rows, isa);
    double worst = 0, largest = 0;
    for (std::size_t t = 0; t < count; ++t) {
      for (std::size_t v = 0; v < model.config.vocabulary; ++v) {
        largest = std::max(largest, std::abs(expected[t][v]));
        worst = std::max(worst, std::abs(expected[t][v] - logits[t * model.config.vocabulary + v]));
      }
    }
    // A few hundred roundings of 2^-24 each, amplified a little by four layers.
    EXPECT_LT(worst, 2e-5 * largest) << base::name(isa);
  }
}

TEST(Forward, FullAttentionEqualsTheReference) {
  expect_close_to_reference(random_model({{.kv_slot = 0}, {.kv_slot = 1}}, 2), 140);
}

TEST(Forward, SlidingWindowsSeeJustTheirWidth) {
  expect_close_to_reference(
      random_model({{.kv_slot = 0, .window = 5}, {.kv_slot = 1}, {.kv_slot = 2, .window = 70}}, 3),
      150);
}

TEST(Forward, LayersThatShareASlotReadWhatTheWriterLeft) {
  expect_close_to_reference(random_model({{.kv_slot = 0},
                                          {.kv_slot = 1},
                                          {.kv_slot = 1, .writes_kv = false},
                                          {.kv_slot = 0, .writes_kv = false, .window = 9}},
                                         2),
                            100);
}

TEST(Forward, LayersWithoutRopeSeeNoPositions) {
  expect_close_to_reference(random_model({{.kv_slot = 0, .rope = std::nullopt}, {.kv_slot = 1}}, 2),
                            80);
}

TEST(Forward, EachLayerTurnsByItsOwnRope) {
  expect_close_to_reference(random_model({{.kv_slot = 0, .rope = 1}, {.kv_slot = 1}}, 2), 80);
}

TEST(Forward, BiasesStandBeforeRope) {
  expect_close_to_reference(
      random_model({{.kv_slot = 0, .qkv_bias = true}, {.kv_slot = 1, .qkv_bias = true}}, 2), 80);
}

TEST(Forward, HeadsAreNormalisedBeforeRope) {
  expect_close_to_reference(
      random_model({{.kv_slot = 0, .qk_norm = true},
                    {.kv_slot = 0, .writes_kv = false, .qkv_bias = true, .qk_norm = true}},
                   1),
      80);
}

TEST(Forward, SoftNormsAndGeluEqualTheReference) {
  const LayerConfig local = {.kv_slot = 0,
                             .window = 7,
                             .rope = 1,
                             .qk_norm = true,
                             .post_norms = true,
                             .activation = Activation::gelu_tanh};
  LayerConfig global = local;
  global.kv_slot = 1;
  global.window = 0;
  global.rope = 0;
  expect_close_to_reference(random_model({local, global}, 2), 140);
}

// Rows that nobody wants end where the last keys and values are stored; the others do not notice.
TEST(Forward, UnwantedRowsChangeNothing) {
  const LayerConfig reader = {.kv_slot = 1, .writes_kv = false, .window = 9, .rope = 1};
  for (const std::vector<LayerConfig>& layers :
       {std::vector<LayerConfig>{{.kv_slot = 0}, {.kv_slot = 1}},
        {{.kv_slot = 0}, {.kv_slot = 1}, reader, {.kv_slot = 0, .writes_kv = false}}}) {
    const Model model = random_model(layers, 2);
    const std::size_t V = model.config.vocabulary;
    std::vector<InputRow> rows;
    for (std::size_t t = 0; t < 300; ++t) {
      rows.push_back({.token = static_cast<base::TokenId>((t * t * 7 + t) % V)});
    }
    const auto all = forward_logits(model, rows, base::Isa::scalar);
    for (const std::vector<std::size_t>& wanted :
         {std::vector<std::size_t>{299}, {0}, {0, 1, 2, 150, 298, 299}, {}}) {
      const auto some = forward_logits(model, rows, wanted, base::Isa::scalar);
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        EXPECT_TRUE(std::equal(some.begin() + static_cast<std::ptrdiff_t>(i * V),
                               some.begin() + static_cast<std::ptrdiff_t>((i + 1) * V),
                               all.begin() + static_cast<std::ptrdiff_t>(wanted[i] * V)))
            << "row " << wanted[i] << ", " << layers.size() << " layers";
      }
    }
  }
}

TEST(Forward, AReadyEmbeddingIsNotScaled) {
  Model model = random_model({{.kv_slot = 0}}, 1);
  const auto by_token = forward_logits(model, {{.token = 5}}, base::Isa::scalar);
  std::vector<float> row(model.config.width);
  tensor::unpack_row(model.embedding, 5, row);
  for (float& value : row) value *= model.config.embedding_scale;
  const auto by_row = forward_logits(model, {{.embedding = row.data()}}, base::Isa::scalar);
  EXPECT_EQ(by_token, by_row);
}

TEST(Forward, AStopTokenEndsIt) {
  const Model model = random_model({{.kv_slot = 0}}, 1);
  base::ThreadPool pool(1);
  const KvShape shape = kv_shape(model.config, kernels::KvType::f32);
  Forward forward(std::shared_ptr<const Model>(&model, [](const Model*) {}),
                  kernels::ops_for(base::Isa::scalar), pool, shape);
  std::stop_source source;
  source.request_stop();
  std::vector<std::byte> page(shape.page_bytes());
  std::byte* const pages[] = {page.data()};
  const InputRow row{.token = 1};
  const Segment segment{.first_row = 0, .tokens = 1, .first_position = 0, .pages = pages};
  const std::size_t wanted = 0;
  EXPECT_FALSE(forward.run({&row, 1}, {&segment, 1}, {&wanted, 1}, source.get_token()));
}

}  // namespace
}  // namespace espalier::model
