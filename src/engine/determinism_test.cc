// The promise of engine.h: on one instruction set the logits of a position depend on the tokens up
// to it and on nothing else, bit for bit.
#include <gtest/gtest.h>

#include <cstring>
#include <iostream>
#include <map>
#include <random>
#include <string>

#include "engine/fixture_testing.h"
#include "kernels/attention.h"

namespace espalier::engine {
namespace {

using testing::all_positions;
using testing::copy;
using testing::load_fixture;
using testing::logits_of;
using testing::some_tokens;

// EXPECT_EQ on floats calls 0 and -0 equal; this does not.
bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

struct Case {
  std::string fixture;
  kernels::KvType kv_type;
};

class Determinism : public ::testing::TestWithParam<Case> {
 protected:
  template <class Check>
  void on_every_isa(Check check) {
    for (base::Isa isa : base::all_isas) {
      if (!base::is_available(isa)) {
        std::cout << "this machine lacks " << base::name(isa) << ": not tested\n";
        continue;
      }
      SCOPED_TRACE(base::name(isa));
      check(isa);
    }
  }
  EngineOptions options(base::Isa isa, int threads = 1, std::size_t chunk = 512) const {
    return {.threads = threads, .isa = isa, .kv_type = GetParam().kv_type, .chunk = chunk};
  }
};

TEST_P(Determinism, ThreadsAndChunksDoNotChangeABit) {
  const auto model = load_fixture(GetParam().fixture);
  const std::size_t V = model->config.vocabulary;
  const auto tokens = some_tokens(200, 7, V);
  on_every_isa([&](base::Isa isa) {
    const std::vector<float> expected = logits_of(model, options(isa), tokens);
    for (int threads : {1, 2, 3, 8}) {
      for (std::size_t chunk : {1, 7, 64, 512}) {
        EXPECT_TRUE(same_bits(logits_of(model, options(isa, threads, chunk), tokens), expected))
            << threads << " threads, chunks of " << chunk;
      }
    }
  });
}

// Behind more than one span of attention a lone token is computed span by span, if there are
// threads for it.
TEST_P(Determinism, SpansOfAttentionDoNotChangeABit) {
  const auto model = load_fixture(GetParam().fixture);
  const auto tokens = some_tokens(500, 7, model->config.vocabulary);
  ASSERT_GT(tokens.size(), kernels::attention_span);
  on_every_isa([&](base::Isa isa) {
    const std::vector<float> expected = logits_of(model, options(isa), tokens);
    for (int threads : {1, 2, 8}) {
      for (std::size_t chunk : {1, 300}) {
        EXPECT_TRUE(same_bits(logits_of(model, options(isa, threads, chunk), tokens), expected))
            << threads << " threads, chunks of " << chunk;
      }
    }
  });
}

TEST_P(Determinism, NeighboursInABatchDoNotChangeABit) {
  const auto model = load_fixture(GetParam().fixture);
  const std::size_t V = model->config.vocabulary;
  on_every_isa([&](base::Isa isa) {
    Engine engine(model, options(isa, 2));
    std::vector<Sequence> sequences;
    std::vector<std::vector<base::TokenId>> tokens;
    std::vector<std::vector<std::size_t>> wanted;
    for (std::size_t i = 0; i < 8; ++i) {
      sequences.push_back(engine.new_sequence());
      tokens.push_back(some_tokens(3 + 17 * i, i, V));
      wanted.push_back(all_positions(tokens[i].size()));
    }
    std::vector<StepItem> batch;
    for (std::size_t i = 0; i < 8; ++i) {
      batch.push_back({.sequence = &sequences[i], .tokens = tokens[i], .wanted = wanted[i]});
    }
    StepOutput out;
    ASSERT_EQ(engine.step(batch, out), StepStatus::done);
    for (std::size_t i = 0; i < 8; ++i) {
      EXPECT_TRUE(same_bits(copy(out.logits(i)), logits_of(model, options(isa), tokens[i])))
          << "sequence " << i;
    }
  });
}

// What a random schedule does to a handful of sequences on one engine. After every step each logit
// row is compared with the row that a fresh engine gives for the same tokens.
class Schedule {
 public:
  Schedule(std::shared_ptr<const model::Model> model, const EngineOptions& options,
           std::uint64_t seed)
      : model_(std::move(model)),
        engine_(model_, options),
        reference_options_(options),
        random_(seed) {
    reference_options_.threads = 1;
    reference_options_.chunk = 512;
    reference_options_.prefix_reuse = false;
  }

  void run(int operations) {
    for (int i = 0; i < operations && !::testing::Test::HasFailure(); ++i) {
      switch (below(6)) {
        case 0:
          if (live_.size() < 8) start();
          break;
        case 1:
          if (!live_.empty()) truncate(pick());
          break;
        case 2:
          if (!live_.empty() && live_.size() < 8) fork(pick());
          break;
        case 3:
          if (live_.size() > 4) live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(pick()));
          break;
        default:
          step();
      }
    }
  }

  std::size_t compared() const { return compared_; }
  EngineStats stats() const { return engine_.stats(); }

 private:
  struct Live {
    Sequence sequence;
    std::vector<base::TokenId> tokens;
  };

  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::size_t pick() { return below(live_.size()); }

  // Prompts come from two families, so that prefixes meet.
  void start() {
    Live live{engine_.new_sequence(), {}};
    const auto prompt = some_tokens(1 + below(200), below(2), model_->config.vocabulary);
    const auto reused = static_cast<std::ptrdiff_t>(engine_.reuse_prefix(live.sequence, prompt));
    live.tokens.assign(prompt.begin(), prompt.begin() + reused);
    live_.push_back(std::move(live));
    feed({live_.size() - 1}, {{prompt.begin() + reused, prompt.end()}});
  }

  void truncate(std::size_t i) {
    const std::size_t n = below(live_[i].tokens.size() + 1);
    live_[i].sequence.truncate(n);
    live_[i].tokens.resize(n);
  }

  void fork(std::size_t i) { live_.push_back({live_[i].sequence.fork(), live_[i].tokens}); }

  void step() {
    std::vector<std::vector<base::TokenId>> added;
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < live_.size(); ++i) {
      if (below(3) == 0 || live_[i].tokens.size() > 200) continue;
      chosen.push_back(i);
      const std::size_t count = below(2) == 0 ? 1 : 1 + below(90);
      added.push_back(some_tokens(count, below(3), model_->config.vocabulary));
    }
    feed(chosen, added);
  }

  // Appends added[k] to sequence chosen[k] for all k in one batch.
  void feed(const std::vector<std::size_t>& chosen,
            const std::vector<std::vector<base::TokenId>>& added) {
    std::vector<std::vector<std::size_t>> wanted;
    for (const auto& tokens : added) wanted.push_back(all_positions(tokens.size()));
    std::vector<StepItem> batch;
    for (std::size_t k = 0; k < chosen.size(); ++k) {
      batch.push_back(
          {.sequence = &live_[chosen[k]].sequence, .tokens = added[k], .wanted = wanted[k]});
    }
    StepOutput out;
    ASSERT_EQ(engine_.step(batch, out), StepStatus::done);
    for (std::size_t k = 0; k < chosen.size(); ++k) {
      auto& tokens = live_[chosen[k]].tokens;
      const std::size_t before = tokens.size();
      tokens.insert(tokens.end(), added[k].begin(), added[k].end());
      compare(tokens, before, out.logits(k));
    }
  }

  void compare(const std::vector<base::TokenId>& tokens, std::size_t from,
               tensor::Rows<const float> rows) {
    const std::size_t V = model_->config.vocabulary;
    auto& expected = references_[tokens];
    if (expected.empty()) expected = logits_of(model_, reference_options_, tokens);
    const std::span<const float> tail = std::span(expected).subspan(from * V);
    EXPECT_TRUE(same_bits(copy(rows), tail))
        << "a sequence of " << tokens.size() << " tokens, the last " << rows.rows() << " new";
    compared_ += rows.rows();
  }

  std::shared_ptr<const model::Model> model_;
  Engine engine_;
  EngineOptions reference_options_;
  std::mt19937_64 random_;
  std::vector<Live> live_;
  std::map<std::vector<base::TokenId>, std::vector<float>> references_;
  std::size_t compared_ = 0;
};

TEST_P(Determinism, RandomSchedulesDoNotChangeABit) {
  const auto model = load_fixture(GetParam().fixture);
  on_every_isa([&](base::Isa isa) {
    std::size_t compared = 0;
    std::uint64_t reused = 0;
    struct Setting {
      int threads;
      std::size_t chunk;
      bool prefix_reuse;
    };
    constexpr Setting settings[] = {{1, 7, true}, {2, 64, false}, {3, 512, true}, {8, 1, true}};
    for (std::uint64_t seed = 0; seed < std::size(settings); ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      const Setting& setting = settings[seed];
      EngineOptions engine_options = options(isa, setting.threads, setting.chunk);
      engine_options.cache_tokens = 8 * 512;
      engine_options.prefix_reuse = setting.prefix_reuse;
      Schedule schedule(model, engine_options, seed);
      schedule.run(60);
      compared += schedule.compared();
      reused += schedule.stats().reused_tokens;
    }
    EXPECT_GT(compared, 1000U);
    EXPECT_GT(reused, 0U);
  });
}

INSTANTIATE_TEST_SUITE_P(
    Models, Determinism,
    ::testing::Values(
        Case{"gqa_tied_f32", kernels::KvType::f32}, Case{"head64_q4_1", kernels::KvType::f16},
        Case{"width96_q8_0", kernels::KvType::int8}, Case{"width96_q4_0", kernels::KvType::f16},
        // Windows, norms of heads and of what blocks add, two RoPE bases; biases.
        Case{"gemma3_window", kernels::KvType::f16}, Case{"qwen2_bias", kernels::KvType::int8}),
    [](const auto& instance) { return instance.param.fixture; });

}  // namespace
}  // namespace espalier::engine
