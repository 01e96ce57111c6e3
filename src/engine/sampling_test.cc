#include "engine/sampling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>

#include "espalier/error.h"

namespace espalier::engine {
namespace {

using base::TokenId;

const kernels::Ops& ops() { return kernels::ops_for(base::available_isas().back()); }

// How often each token comes in 20,000 draws.
std::map<TokenId, double> shares(const SamplingOptions& options, const std::vector<float>& logits,
                                 const std::vector<TokenId>& recent = {}) {
  Sampler sampler(options, ops());
  constexpr int draws = 20000;
  std::map<TokenId, double> counts;
  for (int i = 0; i < draws; ++i) counts[sampler.sample(logits, recent)] += 1.0 / draws;
  return counts;
}

// Probabilities 0.5, 0.25, 0.125, 0.125 in a scattered order.
const std::vector<float> logits = {std::log(0.125F), std::log(0.5F), std::log(0.125F),
                                   std::log(0.25F)};

// Four standard deviations of a share of 20,000 draws are at most 0.0142.
constexpr double tolerance = 0.0142;

TEST(Sampler, GreedyTakesTheHighestAndTheLowerIdOnTies) {
  Sampler sampler({}, ops());
  EXPECT_EQ(sampler.sample(logits, {}), 1);
  EXPECT_EQ(sampler.sample(std::vector<float>{1, 3, 3, 2}, {}), 1);
}

TEST(Sampler, AtTemperatureOneTokensComeWithTheirProbability) {
  const auto counts = shares({.temperature = 1, .seed = 1}, logits);
  EXPECT_NEAR(counts.at(1), 0.5, tolerance);
  EXPECT_NEAR(counts.at(3), 0.25, tolerance);
  EXPECT_NEAR(counts.at(0), 0.125, tolerance);
  EXPECT_NEAR(counts.at(2), 0.125, tolerance);
}

TEST(Sampler, TemperatureSharpensAndFlattens) {
  // p² renormalised: 0.25 / (0.25 + 0.0625 + 2 · 0.015625).
  EXPECT_NEAR(shares({.temperature = 0.5, .seed = 2}, logits).at(1), 0.25 / 0.34375, tolerance);
  EXPECT_NEAR(shares({.temperature = 1e6F, .seed = 2}, logits).at(0), 0.25, tolerance);
  EXPECT_EQ(shares({.temperature = 1e-6F, .seed = 2}, logits).size(), 1U);
  // 1 / 1e-40 is infinite, and infinity times the likeliest's 0 is no number.
  EXPECT_GT(shares({.temperature = 1e-40F, .seed = 2}, logits).at(1), 0.99);
}

TEST(Sampler, TheTiniestTemperatureIsGreedy) {
  for (const float tiny :
       {std::numeric_limits<float>::min(), std::numeric_limits<float>::denorm_min()}) {
    EXPECT_EQ(shares({.temperature = tiny, .seed = 2}, logits).size(), 1U);
    EXPECT_EQ(shares({.temperature = tiny, .seed = 2}, logits).count(1), 1U);
  }
}

// A corrupt file, say: answering with whatever token comes first would hide it.
TEST(Sampler, LogitsThatAreNoNumbersAreAFailureNotAToken) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  for (const std::vector<float>& bad :
       {std::vector<float>{NAN, NAN, NAN}, {inf, 1, 2}, {-inf, -inf, -inf}}) {
    for (const float temperature : {0.0F, 1.0F}) {
      for (const float penalty : {1.0F, 2.0F}) {
        Sampler sampler({.temperature = temperature, .repeat_penalty = penalty}, ops());
        EXPECT_THROW(sampler.sample(bad, std::vector<TokenId>{1}), DecodingFailure);
      }
    }
  }
  Sampler sampler({.temperature = 1, .top_k = 2}, ops());
  EXPECT_THROW(sampler.sample(std::vector<float>{1, NAN, 2}, {}), DecodingFailure);
  EXPECT_EQ(sampler.sample(std::vector<float>{-inf, 1, -inf}, {}), 1);
}

TEST(Sampler, TopKKeepsTheLikeliest) {
  const auto counts = shares({.temperature = 1, .top_k = 2, .seed = 3}, logits);
  EXPECT_EQ(counts.size(), 2U);
  EXPECT_NEAR(counts.at(1), 2.0 / 3, tolerance);
  // Of two equally likely the lower id stays.
  EXPECT_TRUE(shares({.temperature = 1, .top_k = 3, .seed = 3}, logits).contains(0));
  EXPECT_EQ(shares({.temperature = 1, .top_k = 100, .seed = 3}, logits).size(), 4U);
}

TEST(Sampler, TopPKeepsTheFewestThatReachItsMass) {
  EXPECT_EQ(shares({.temperature = 1, .top_p = 0.4F, .seed = 4}, logits).size(), 1U);
  EXPECT_EQ(shares({.temperature = 1, .top_p = 0.7F, .seed = 4}, logits).size(), 2U);
  EXPECT_EQ(shares({.temperature = 1, .top_p = 0.8F, .seed = 4}, logits).size(), 3U);
}

TEST(Sampler, MinPDropsWhatIsUnlikelyBesideTheLikeliest) {
  EXPECT_EQ(shares({.temperature = 1, .min_p = 0.3F, .seed = 5}, logits).size(), 2U);
  EXPECT_EQ(shares({.temperature = 1, .min_p = 1, .seed = 5}, logits).size(), 1U);
}

// What is kept is what a sorted vocabulary says, whether a few tokens hold the mass or all alike.
TEST(Sampler, KeepsTheTokensThatASortedVocabularySays) {
  std::mt19937 random(5);
  for (const float spread : {0.01F, 3.0F, 12.0F, 60.0F}) {
    std::vector<float> scores(3000);
    std::normal_distribution<float> normal(0, spread);
    for (float& score : scores) score = normal(random);
    std::vector<float> p = scores;
    ops().softmax(p, 1.0F);
    std::vector<TokenId> order(p.size());
    std::iota(order.begin(), order.end(), 0);
    const auto probability = [&](TokenId token) { return p[static_cast<std::size_t>(token)]; };
    std::stable_sort(order.begin(), order.end(),
                     [&](TokenId a, TokenId b) { return probability(a) > probability(b); });
    for (const SamplingOptions& options :
         {SamplingOptions{.temperature = 1, .top_k = 50},
          {.temperature = 1, .top_k = 2999},
          {.temperature = 1, .top_p = 0.3F},
          {.temperature = 1, .top_p = 0.9999F},
          {.temperature = 1, .min_p = 0.2F},
          {.temperature = 1, .min_p = 1e-6F},
          {.temperature = 1, .top_k = 70, .top_p = 0.95F, .min_p = 0.01F}}) {
      double mass = 0;
      std::size_t kept = 0;
      const auto limit = static_cast<std::size_t>(options.top_k > 0 ? options.top_k : 3000);
      while (kept < limit && mass < options.top_p &&
             (kept == 0 || probability(order[kept]) >= options.min_p * probability(order[0]))) {
        mass += probability(order[kept++]);
      }
      std::vector<double> expected(p.size());
      for (std::size_t i = 0; i < kept; ++i) {
        expected[static_cast<std::size_t>(order[i])] = probability(order[i]) / mass;
      }
      Sampler sampler(options, ops());
      constexpr int draws = 800;
      std::vector<int> counts(p.size());
      for (int i = 0; i < draws; ++i) {
        ++counts[static_cast<std::size_t>(sampler.sample(scores, {}))];
      }
      for (std::size_t token = 0; token < p.size(); ++token) {
        // Six standard deviations; a token outside never comes.
        const double mean = draws * expected[token];
        ASSERT_LE(std::abs(counts[token] - mean), 6 * std::sqrt(mean) + (mean > 0 ? 6 : 0))
            << "token " << token << ", spread " << spread << ", kept " << kept;
      }
    }
  }
}

std::vector<std::uint64_t> mask_of(const std::vector<TokenId>& tokens, std::size_t vocabulary) {
  std::vector<std::uint64_t> mask((vocabulary + 63) / 64);
  for (const TokenId token : tokens) {
    mask[static_cast<std::size_t>(token) / 64] |= std::uint64_t{1} << (token % 64);
  }
  return mask;
}

// Whether masked among all, or with their own logits alone: allowed tokens are drawn as if the
// logits of all others were -inf.
TEST(Sampler, ChoosesAmongAllowedTokensOnly) {
  constexpr std::size_t vocabulary = 300;  // not a multiple of 64
  std::mt19937 random(8);
  std::normal_distribution<float> normal(0, 2);
  for (const std::size_t count : {1, 5, 60, 150, 290}) {
    std::vector<float> all(vocabulary);
    for (float& logit : all) logit = normal(random);
    std::vector<TokenId> allowed(vocabulary);
    std::iota(allowed.begin(), allowed.end(), 0);
    std::ranges::shuffle(allowed, random);
    allowed.resize(count);
    std::ranges::sort(allowed);
    std::vector<float> expected(vocabulary, -std::numeric_limits<float>::infinity());
    std::vector<float> own;
    for (const TokenId token : allowed) {
      expected[static_cast<std::size_t>(token)] = all[static_cast<std::size_t>(token)];
      own.push_back(all[static_cast<std::size_t>(token)]);
    }
    std::vector<std::uint64_t> mask = mask_of(allowed, vocabulary);
    mask.back() |= std::uint64_t{1} << 63;  // beyond the vocabulary
    const std::vector<TokenId> recent = {allowed.front(), allowed.back(), 77, 77};
    for (const SamplingOptions& options : {SamplingOptions{},
                                           {.repeat_penalty = 1.7F},
                                           {.temperature = 1, .repeat_penalty = 0.6F, .seed = 1},
                                           {.temperature = 2, .top_k = 7, .seed = 2},
                                           {.temperature = 2, .top_p = 0.8F, .seed = 3}}) {
      Sampler a(options, ops()), b(options, ops()), c(options, ops());
      for (int draw = 0; draw < 200; ++draw) {
        const TokenId token = a.sample(expected, recent);
        ASSERT_EQ(b.sample(all, recent, {.mask = mask}), token);
        ASSERT_EQ(c.sample(own, recent, {.tokens = allowed}), token);
      }
    }
  }
}

TEST(Sampler, AMaskChoosesAmongTokensWithLogitsOfTheirOwn) {
  Sampler sampler({.repeat_penalty = 9}, ops());
  const std::vector<TokenId> tokens = {3, 70, 200};
  const std::vector<float> own = {1, 2, 3};
  EXPECT_EQ(sampler.sample(own, {}, {.tokens = tokens, .mask = mask_of({3, 70}, 300)}), 70);
  EXPECT_EQ(sampler.sample(own, {}, {.tokens = tokens, .mask = mask_of({3}, 60)}), 3)
      << "what lies behind the mask's last word may not come";
  EXPECT_EQ(sampler.sample(own, std::vector<TokenId>{200, 299}, {.tokens = tokens}), 70);
}

// A token that may not come is not looked at; where none may, there is nothing to choose.
TEST(Sampler, OnlyTheLogitsOfAllowedTokensMustBeNumbers) {
  const std::vector<float> some = {NAN, 1, NAN, 2};
  for (const float temperature : {0.0F, 1.0F}) {
    Sampler sampler({.temperature = temperature}, ops());
    EXPECT_EQ(sampler.sample(some, {}, {.mask = mask_of({1}, 4)}), 1);
    EXPECT_THROW(sampler.sample(some, {}, {.mask = mask_of({0, 2}, 4)}), DecodingFailure);
    EXPECT_THROW(sampler.sample(some, {}, {.mask = mask_of({}, 4)}), DecodingFailure);
  }
}

TEST(Sampler, RepeatPenaltyLowersRecentTokensOfEitherSignWithinItsWindow) {
  Sampler sampler({.repeat_penalty = 2, .repeat_window = 2}, ops());
  EXPECT_EQ(sampler.sample(std::vector<float>{3, 2}, std::vector<TokenId>{0}), 1);
  EXPECT_EQ(sampler.sample(std::vector<float>{-2, -3}, std::vector<TokenId>{0}), 1);
  EXPECT_EQ(sampler.sample(std::vector<float>{3, 2, 1}, std::vector<TokenId>{0, 2, 2}), 0);
}

TEST(Sampler, TheSameSeedGivesTheSameTokens) {
  const SamplingOptions options{.temperature = 1, .top_p = 0.95F, .seed = 6};
  Sampler a(options, ops()), b(options, ops());
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(a.sample(logits, {}), b.sample(logits, {}));
}

TEST(Sampler, BadOptionsAreRefusedByName) {
  const auto refused = [](const SamplingOptions& options, const std::string& name) {
    EXPECT_THAT([&] { validate(options); },
                ::testing::ThrowsMessage<InvalidArgument>(::testing::HasSubstr(name)));
  };
  refused({.temperature = -1}, "temperature");
  refused({.temperature = NAN}, "temperature");
  refused({.top_k = -1}, "top-k");
  refused({.top_p = 0}, "top-p");
  refused({.top_p = 1.5F}, "top-p");
  refused({.min_p = -0.1F}, "min-p");
  refused({.repeat_penalty = 0}, "repeat penalty");
}

}  // namespace
}  // namespace espalier::engine
