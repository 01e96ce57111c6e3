#include "engine/speed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/fixture_testing.h"
#include "espalier/error.h"

namespace espalier::engine {
namespace {

class SpeedTest : public ::testing::Test {
 protected:
  const std::shared_ptr<const model::Model> model_ = testing::load_fixture("head64_q4_1");
  const std::size_t vocabulary_ = model_->config.vocabulary;
};

TEST_F(SpeedTest, TokensAreTheSameForASeedAndWithinTheVocabulary) {
  const auto tokens = random_tokens(1000, vocabulary_, 3);
  EXPECT_EQ(tokens, random_tokens(1000, vocabulary_, 3));
  EXPECT_NE(tokens, random_tokens(1000, vocabulary_, 4));
  for (base::TokenId token : tokens) {
    EXPECT_GE(token, 0);
    EXPECT_LT(static_cast<std::size_t>(token), vocabulary_);
  }
}

TEST_F(SpeedTest, APromptIsComputedOnceAndEveryTokenTimed) {
  Engine engine(model_, {.threads = 1, .context = 100, .prefix_reuse = false});
  const auto prompt = random_tokens(90, vocabulary_, 1);
  const PromptTimes times = time_prompt(engine, prompt, 10);
  EXPECT_EQ(engine.stats().computed_tokens, 100U);
  EXPECT_GT(times.prefill, 0);
  EXPECT_GE(times.first_token, times.prefill);
  EXPECT_EQ(times.decode.size(), 10U);
}

TEST_F(SpeedTest, ABatchAdvancesEverySequenceByATokenAStep) {
  Engine engine(model_, {.threads = 1, .context = 64, .cache_tokens = 3 * 64});
  EXPECT_EQ(time_decode(engine, 3, 50, 4).size(), 4U);
  EXPECT_EQ(engine.stats().computed_tokens, 3U * (50 + 4));
}

TEST_F(SpeedTest, ACacheThatIsTooSmallIsAnError) {
  Engine engine(model_, {.threads = 1, .context = 128, .cache_tokens = 128});
  EXPECT_THROW(time_decode(engine, 4, 64, 1), DecodingFailure);
}

TEST_F(SpeedTest, AProfileHasEveryOpAndTheWeightsThatWereRead) {
  Engine engine(model_, {.threads = 1, .context = 64, .prefix_reuse = false});
  model::Profile profile;
  engine.set_profile(&profile);
  time_decode(engine, 1, 0, 5);
  engine.set_profile(nullptr);
  double bytes = 0;
  for (std::size_t i = 0; i < model::op_count; ++i) {
    const model::OpCost& cost = profile.of(static_cast<model::Op>(i));
    EXPECT_GT(cost.calls, 0U) << name(static_cast<model::Op>(i));
    EXPECT_GT(cost.seconds, 0) << name(static_cast<model::Op>(i));
    bytes += cost.weight_bytes;
  }
  EXPECT_EQ(bytes, 5 * static_cast<double>(model_->bytes_per_token()));

  const model::Profile before = profile;
  time_decode(engine, 1, 0, 1);
  EXPECT_EQ(profile.of(model::Op::head).calls, before.of(model::Op::head).calls);
}

}  // namespace
}  // namespace espalier::engine
