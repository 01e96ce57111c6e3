// For tests: the tiny models of tests/parity/fixtures (vocabulary 272, made with transformers), and
// the real model where there is one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "base/token.h"
#include "engine/engine.h"
#include "model/load_folder.h"
#include "model/load_gguf.h"
#include "tensor/gguf_reader.h"

namespace espalier::engine::testing {

inline std::shared_ptr<const model::Model> load_fixture(const std::string& name) {
  base::ThreadPool pool(1);
  const auto file = tensor::GgufFile::open("tests/parity/fixtures/" + name + ".gguf");
  return std::make_shared<const model::Model>(model::load_gguf(file, pool));
}

// The same weights as transformers saved them. Not every fixture has a folder.
inline std::shared_ptr<const model::Model> load_fixture_folder(const std::string& name) {
  base::ThreadPool pool(1);
  return std::make_shared<const model::Model>(
      model::load_folder("tests/parity/fixtures/" + name, pool));
}

// Tokens that differ from one another without a pattern a model could hide a fault behind.
inline std::vector<base::TokenId> some_tokens(std::size_t count, std::uint64_t seed,
                                              std::size_t vocabulary) {
  std::vector<base::TokenId> tokens;
  for (std::size_t i = 0; i < count; ++i) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    tokens.push_back(static_cast<base::TokenId>((seed >> 33) % vocabulary));
  }
  return tokens;
}

inline std::vector<std::size_t> all_positions(std::size_t count) {
  std::vector<std::size_t> positions(count);
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  return positions;
}

inline std::vector<float> copy(tensor::Rows<const float> rows) {
  std::vector<float> values;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    values.insert(values.end(), rows.row(i).begin(), rows.row(i).end());
  }
  return values;
}

// Logits [tokens, V] of all positions from one call on a fresh engine.
inline std::vector<float> logits_of(std::shared_ptr<const model::Model> model,
                                    const EngineOptions& options,
                                    const std::vector<base::TokenId>& tokens) {
  Engine engine(std::move(model), options);
  Sequence sequence = engine.new_sequence();
  StepOutput out;
  const std::vector<std::size_t> wanted = all_positions(tokens.size());
  engine.step({{.sequence = &sequence, .tokens = tokens, .wanted = wanted}}, out);
  return copy(out.logits(0));
}

}  // namespace espalier::engine::testing
