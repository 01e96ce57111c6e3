#include "engine/speed.h"

#include <algorithm>
#include <chrono>
#include <random>

#include "espalier/error.h"
#include "kernels/ops.h"

namespace espalier::engine {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

base::TokenId likeliest(const Engine& engine, const StepOutput& output, std::size_t item) {
  const std::span<const float> row = output.logits(item).row(0);
  const float largest = kernels::ops_for(engine.options().isa).largest(row);
  return static_cast<base::TokenId>(std::find(row.begin(), row.end(), largest) - row.begin());
}

void step(Engine& engine, std::span<const StepItem> batch, StepOutput& output) {
  if (engine.step(batch, output) != StepStatus::done) {
    throw DecodingFailure("measuring: the KV cache is full: give the engine more cache_tokens");
  }
}

}  // namespace

std::vector<base::TokenId> random_tokens(std::size_t count, std::size_t vocabulary,
                                         std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<base::TokenId> ids(count);
  for (base::TokenId& id : ids) id = static_cast<base::TokenId>(random() % vocabulary);
  return ids;
}

PromptTimes time_prompt(Engine& engine, std::span<const base::TokenId> prompt,
                        std::size_t decode_tokens) {
  Sequence sequence = engine.new_sequence();
  StepOutput output;
  PromptTimes times;
  times.decode.reserve(decode_tokens);
  const std::size_t last = prompt.size() - 1;
  StepItem item{.sequence = &sequence, .tokens = prompt, .wanted = {&last, 1}};
  const Clock::time_point start = Clock::now();
  step(engine, {&item, 1}, output);
  times.prefill = seconds_since(start);
  base::TokenId token = likeliest(engine, output, 0);
  times.first_token = seconds_since(start);

  const std::size_t only = 0;
  item.tokens = {&token, 1};
  item.wanted = {&only, 1};
  for (std::size_t i = 0; i < decode_tokens; ++i) {
    const Clock::time_point begin = Clock::now();
    step(engine, {&item, 1}, output);
    token = likeliest(engine, output, 0);
    times.decode.push_back(seconds_since(begin));
  }
  return times;
}

std::vector<double> time_decode(Engine& engine, std::size_t sequences, std::size_t context,
                                std::size_t steps) {
  const std::size_t vocabulary = engine.model().config.vocabulary;
  std::vector<Sequence> states;
  std::vector<base::TokenId> tokens(sequences, 0);
  StepOutput output;
  for (std::size_t i = 0; i < sequences; ++i) {
    states.push_back(engine.new_sequence());
    if (context == 0) continue;
    const std::vector<base::TokenId> prompt = random_tokens(context, vocabulary, i + 1);
    const StepItem item{.sequence = &states.back(), .tokens = prompt};
    step(engine, {&item, 1}, output);
  }

  const std::size_t only = 0;
  std::vector<StepItem> batch;
  for (std::size_t i = 0; i < sequences; ++i) {
    tokens[i] = static_cast<base::TokenId>(i % vocabulary);
    batch.push_back({.sequence = &states[i], .tokens = {&tokens[i], 1}, .wanted = {&only, 1}});
  }
  std::vector<double> times;
  times.reserve(steps);
  for (std::size_t i = 0; i < steps; ++i) {
    const Clock::time_point begin = Clock::now();
    step(engine, batch, output);
    for (std::size_t s = 0; s < sequences; ++s) tokens[s] = likeliest(engine, output, s);
    times.push_back(seconds_since(begin));
  }
  return times;
}

}  // namespace espalier::engine
