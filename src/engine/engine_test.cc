#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "engine/fixture_testing.h"
#include "espalier/error.h"
#include "tensor/packed_matrix.h"

namespace espalier::engine {
namespace {

using testing::copy;
using ::testing::HasSubstr;
using testing::some_tokens;
using ::testing::ThrowsMessage;

class EngineTest : public ::testing::Test {
 protected:
  const std::shared_ptr<const model::Model> model_ = testing::load_fixture("head64_q4_1");
  const std::size_t vocabulary_ = model_->config.vocabulary;
  StepOutput out_;

  std::vector<float> last_logits(Engine& engine, Sequence& sequence,
                                 const std::vector<base::TokenId>& tokens) {
    const std::size_t last = tokens.size() - 1;
    EXPECT_EQ(engine.step({{.sequence = &sequence, .tokens = tokens, .wanted = {&last, 1}}}, out_),
              StepStatus::done);
    return copy(out_.logits(0));
  }
};

TEST_F(EngineTest, APrefixIsReusedInWholePagesAndLeavesATokenToCompute) {
  Engine engine(model_, {.threads = 1, .cache_tokens = 4096});
  const auto prompt = some_tokens(3 * 64, 1, vocabulary_);
  Sequence first = engine.new_sequence();
  const auto expected = last_logits(engine, first, prompt);
  Sequence second = engine.new_sequence();
  EXPECT_EQ(engine.reuse_prefix(second, prompt), 2U * 64);
  EXPECT_EQ(engine.stats().reused_tokens, 2U * 64);
  const auto rest = std::vector(prompt.begin() + 128, prompt.end());
  EXPECT_EQ(last_logits(engine, second, rest), expected);
  EXPECT_EQ(engine.stats().computed_tokens, 192U + 64);

  Sequence other = engine.new_sequence();
  EXPECT_EQ(engine.reuse_prefix(other, some_tokens(192, 2, vocabulary_)), 0U);
}

TEST_F(EngineTest, APrefixOfAnotherEngineOrAdapterIsRefused) {
  Engine engine(model_, {.threads = 1}), other(model_, {.threads = 1});
  const auto prompt = some_tokens(130, 1, vocabulary_);
  Sequence first = engine.new_sequence();
  last_logits(engine, first, prompt);
  Sequence foreign = other.new_sequence(), own = engine.new_sequence();
  EXPECT_THAT([&] { engine.reuse_prefix(foreign, prompt); },
              ThrowsMessage<InvalidArgument>(HasSubstr("another engine")));
  EXPECT_THAT([&] { engine.reuse_prefix(own, prompt, 3); },
              ThrowsMessage<InvalidArgument>(HasSubstr("adapter 3")));
  EXPECT_EQ(foreign.length() + own.length(), 0U);
}

TEST_F(EngineTest, ASequenceThatIsMovedOverGivesItsPagesBackAtOnce) {
  Engine engine(model_, {.threads = 1, .context = 256, .cache_tokens = 256});
  Sequence first = engine.new_sequence(), second = engine.new_sequence();
  last_logits(engine, first, some_tokens(256, 1, vocabulary_));
  first = std::move(second);
  Sequence third = engine.new_sequence();
  last_logits(engine, third, some_tokens(256, 2, vocabulary_));
  EXPECT_EQ(third.length(), 256U);
}

TEST_F(EngineTest, WithoutPrefixReuseNothingIsShared) {
  Engine engine(model_, {.threads = 1, .cache_tokens = 4096, .prefix_reuse = false});
  const auto prompt = some_tokens(130, 1, vocabulary_);
  Sequence first = engine.new_sequence(), second = engine.new_sequence();
  last_logits(engine, first, prompt);
  EXPECT_EQ(engine.reuse_prefix(second, prompt), 0U);
}

TEST_F(EngineTest, ChosenVocabularyRowsHaveTheBitsOfTheWhole) {
  for (const char* fixture : {"head64_q4_1", "gqa_tied_f32"}) {
    const auto model = testing::load_fixture(fixture);
    Engine engine(model, {.threads = 2, .cache_tokens = 4096});
    const auto prompt = some_tokens(10, 1, model->config.vocabulary);
    Sequence a = engine.new_sequence(), b = engine.new_sequence();
    const std::vector<std::size_t> wanted{3, 9};
    const std::vector<base::TokenId> rows{5, 0, 17, 271, 16, 5};
    // Both in one batch: rows of the whole vocabulary and chosen ones lie apart in the output.
    engine.step({{.sequence = &b, .tokens = prompt, .wanted = wanted, .vocabulary_rows = rows},
                 {.sequence = &a, .tokens = prompt, .wanted = wanted}},
                out_);
    for (std::size_t t = 0; t < wanted.size(); ++t) {
      for (std::size_t v = 0; v < rows.size(); ++v) {
        EXPECT_EQ(out_.logits(0)(t, v), out_.logits(1)(t, static_cast<std::size_t>(rows[v])));
      }
    }
  }
}

TEST_F(EngineTest, EmbeddingRowsGiveWhatTheirTokensGive) {
  Engine engine(model_, {.threads = 1, .cache_tokens = 4096});
  const auto prompt = some_tokens(70, 1, vocabulary_);
  const std::size_t D = model_->config.width;
  std::vector<float> rows(prompt.size() * D);
  for (std::size_t t = 0; t < prompt.size(); ++t) {
    tensor::unpack_row(model_->embedding, static_cast<std::size_t>(prompt[t]),
                       std::span(rows).subspan(t * D, D));
  }
  Sequence tokens = engine.new_sequence(), embedded = engine.new_sequence();
  const auto expected = last_logits(engine, tokens, prompt);
  const std::size_t last = prompt.size() - 1;
  engine.step({{.sequence = &embedded,
                .embeddings = {.rows = {rows.data(), prompt.size(), D}, .content_hash = 42},
                .wanted = {&last, 1}}},
              out_);
  EXPECT_EQ(copy(out_.logits(0)), expected);
  EXPECT_NE(embedded.keys()[0], tokens.keys()[0]) << "an image is not its look-alike tokens";
  EXPECT_NE(embedded.keys()[0], embedded.keys()[1]);
}

TEST_F(EngineTest, ACancelledStepLeavesEverySequenceAsItWas) {
  Engine engine(model_, {.threads = 1, .cache_tokens = 4096, .chunk = 16});
  const auto prompt = some_tokens(100, 1, vocabulary_);
  Sequence sequence = engine.new_sequence();
  const auto expected = last_logits(engine, sequence, prompt);
  sequence.truncate(40);
  std::stop_source source;
  source.request_stop();
  const auto rest = std::vector(prompt.begin() + 40, prompt.end());
  EXPECT_EQ(engine.step({{.sequence = &sequence, .tokens = rest}}, out_, source.get_token()),
            StepStatus::cancelled);
  EXPECT_EQ(sequence.length(), 40U);
  EXPECT_EQ(last_logits(engine, sequence, rest), expected);
}

TEST_F(EngineTest, StoppingFromAnotherThreadEndsALongPrefill) {
  Engine engine(model_, {.threads = 1, .cache_tokens = 4096, .chunk = 1});
  Sequence sequence = engine.new_sequence();
  std::stop_source source;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    source.request_stop();
  });
  const auto prompt = some_tokens(1000, 1, vocabulary_);
  StepStatus status = StepStatus::done;
  while (status == StepStatus::done) {
    sequence.truncate(0);
    status = engine.step({{.sequence = &sequence, .tokens = prompt}}, out_, source.get_token());
  }
  EXPECT_EQ(status, StepStatus::cancelled);
  EXPECT_EQ(sequence.length(), 0U);
}

TEST_F(EngineTest, AFullCacheIsAStatusAndGivesWayWhenASequenceEnds) {
  Engine engine(model_, {.threads = 1, .context = 256, .cache_tokens = 256});
  Sequence first = engine.new_sequence();
  last_logits(engine, first, some_tokens(256, 1, vocabulary_));
  const auto prompt = some_tokens(100, 2, vocabulary_);
  {
    Sequence second = engine.new_sequence();
    EXPECT_EQ(engine.step({{.sequence = &second, .tokens = prompt}}, out_), StepStatus::cache_full);
    EXPECT_EQ(second.length(), 0U);
    first = engine.new_sequence();
    EXPECT_EQ(engine.step({{.sequence = &second, .tokens = prompt}}, out_), StepStatus::done)
        << "the listed pages of the ended sequence are evicted";
  }
}

TEST_F(EngineTest, BadItemsAreRefusedBeforeAnyWork) {
  Engine engine(model_, {.threads = 1, .context = 128});
  Engine other(model_, {.threads = 1});
  Sequence sequence = engine.new_sequence();
  Sequence foreign = other.new_sequence();
  const std::vector<base::TokenId> token{1}, outside{static_cast<base::TokenId>(vocabulary_)},
      negative{-1};
  const std::vector<std::size_t> beyond{1}, unordered{0, 0};
  const auto refused = [&](const std::vector<StepItem>& batch, const std::string& why) {
    EXPECT_THAT([&] { engine.step(batch, out_); }, ThrowsMessage<InvalidArgument>(HasSubstr(why)));
    EXPECT_EQ(sequence.length(), 0U);
  };
  refused({{.sequence = nullptr, .tokens = token}}, "no sequence");
  refused({{.sequence = &foreign, .tokens = token}}, "another engine");
  refused({{.sequence = &sequence}}, "no tokens");
  refused({{.sequence = &sequence, .tokens = outside}}, "outside the vocabulary");
  refused({{.sequence = &sequence, .tokens = negative}}, "outside the vocabulary");
  refused({{.sequence = &sequence, .tokens = token, .adapter = 3}}, "adapter 3");
  refused({{.sequence = &sequence, .tokens = token, .wanted = beyond}}, "wanted");
  refused({{.sequence = &sequence, .tokens = token, .wanted = unordered}}, "wanted");
  refused({{.sequence = &sequence, .tokens = token, .vocabulary_rows = outside}}, "vocabulary row");
  refused({{.sequence = &sequence, .tokens = token}, {.sequence = &sequence, .tokens = token}},
          "twice");
  const auto long_prompt = some_tokens(129, 1, vocabulary_);
  try {
    engine.step({{.sequence = &sequence, .tokens = long_prompt}}, out_);
    FAIL() << "129 tokens fit 128";
  } catch (const ExceededContextWindowSize& error) {
    EXPECT_EQ(error.tokens(), 129U);
    EXPECT_EQ(error.limit(), 128U);
    EXPECT_THAT(error.what(), HasSubstr("context window"));
  }
}

TEST_F(EngineTest, FewerThreadsMayDecodeThanReadThePrompt) {
  Engine all(model_, {.threads = 3}), some(model_, {.threads = 3, .decode_threads = 1});
  EXPECT_EQ(all.options().decode_threads, 3);
  Sequence first = all.new_sequence(), second = some.new_sequence();
  for (const auto& tokens : {some_tokens(40, 1, vocabulary_), some_tokens(1, 2, vocabulary_),
                             some_tokens(1, 3, vocabulary_), some_tokens(7, 4, vocabulary_)}) {
    EXPECT_EQ(last_logits(all, first, tokens), last_logits(some, second, tokens));
  }
}

TEST_F(EngineTest, OptionsThatDoNotFitAreRefused) {
  EXPECT_THROW(Engine(model_, {.context = model_->config.context + 1}), InvalidArgument);
  EXPECT_THROW(Engine(model_, {.context = 128, .cache_tokens = 64}), InvalidArgument);
  EXPECT_THROW(Engine(model_, {.chunk = 0}), InvalidArgument);
  EXPECT_THROW(Engine(model_, {.threads = 2, .decode_threads = 3}), InvalidArgument);
  EXPECT_THROW(Engine(model_, {.threads = 2, .decode_threads = -1}), InvalidArgument);
  EXPECT_THROW(Engine(model_, {.threads = -1}), InvalidArgument);
}

TEST_F(EngineTest, SequencesOfOneEngineMayBeUsedFromManyThreads) {
  Engine engine(model_, {.threads = 2, .cache_tokens = 4096});
  const auto prompt = some_tokens(140, 1, vocabulary_);
  const auto expected = testing::logits_of(model_, {.threads = 1}, prompt);
  const std::span<const float> last = std::span(expected).last(vocabulary_);
  std::vector<std::thread> threads;
  std::vector<int> right(4, 0);
  for (std::size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 3; ++round) {
        Sequence sequence = engine.new_sequence();
        const std::size_t held = engine.reuse_prefix(sequence, prompt);
        const std::span<const base::TokenId> rest = std::span(prompt).subspan(held);
        const std::size_t wanted = rest.size() - 1;
        StepOutput out;
        engine.step({{.sequence = &sequence, .tokens = rest, .wanted = {&wanted, 1}}}, out);
        const auto row = out.logits(0).row(0);
        right[t] += std::equal(row.begin(), row.end(), last.begin()) ? 1 : 0;
        Sequence fork = sequence.fork();
        sequence.truncate(70);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, std::vector<int>(4, 3));
}

TEST_F(EngineTest, TruncatingBeyondTheEndIsRefused) {
  Engine engine(model_, {.threads = 1});
  Sequence sequence = engine.new_sequence();
  EXPECT_THAT([&] { sequence.truncate(1); },
              ThrowsMessage<InvalidArgument>(HasSubstr("truncate(1)")));
}

}  // namespace
}  // namespace espalier::engine
