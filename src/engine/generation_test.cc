#include "engine/generation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <sstream>

#include "engine/fixture_testing.h"
#include "engine/model_package.h"
#include "espalier/error.h"
#include "text/vocabulary_testing.h"

namespace espalier::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class GenerationTest : public ::testing::Test {
 protected:
  const ModelPackage package_ = load_package("tests/parity/fixtures/head64_q4_1.gguf", 1);
  Engine engine_{package_.model, {.threads = 1, .context = 256}};
  Sequence sequence_ = engine_.new_sequence();
  const std::vector<base::TokenId> prompt_ = package_.tokenizer->encode("Hello there");

  struct Answer {
    std::string text;
    std::vector<base::TokenId> tokens;
    FinishReason reason;
  };
  Answer run(GenerationSettings settings, std::stop_token stop = {}) {
    sequence_.truncate(0);
    Generation generation(engine_, *package_.tokenizer, sequence_, prompt_, std::move(settings),
                          std::move(stop));
    std::string text;
    while (const auto piece = generation.next()) text += *piece;
    EXPECT_EQ(generation.next(), std::nullopt) << "an ended answer stays ended";
    return {text, generation.tokens(), generation.finish_reason()};
  }
};

TEST_F(GenerationTest, TheTokenLimitEndsTheAnswerAndTheTextIsThatOfItsTokens) {
  const Answer answer = run({.maximum_tokens = 40});
  EXPECT_EQ(answer.tokens.size(), 40U);
  EXPECT_EQ(answer.reason, FinishReason::token_limit);
  EXPECT_EQ(answer.text, package_.tokenizer->decode(answer.tokens));
}

TEST_F(GenerationTest, GreedyTextIsTheSameForAnyThreadCount) {
  const Answer expected = run({.maximum_tokens = 60});
  for (int threads : {2, 3, 8}) {
    Engine engine(package_.model, {.threads = threads, .context = 256});
    Sequence sequence = engine.new_sequence();
    Generation generation(engine, *package_.tokenizer, sequence, prompt_, {.maximum_tokens = 60});
    while (generation.next()) {
    }
    EXPECT_EQ(generation.tokens(), expected.tokens) << threads;
  }
}

TEST_F(GenerationTest, AStopTokenEndsTheAnswerAndIsNoPartOfIt) {
  const Answer whole = run({.maximum_tokens = 20});
  const base::TokenId stop = whole.tokens[7];
  const auto first = std::find(whole.tokens.begin(), whole.tokens.end(), stop);
  const Answer answer = run({.maximum_tokens = 20, .stop_tokens = {stop}});
  EXPECT_EQ(answer.reason, FinishReason::stop);
  EXPECT_EQ(answer.tokens, std::vector(whole.tokens.begin(), first));
}

TEST_F(GenerationTest, AStopStringEndsTheAnswerInFrontOfItEvenAcrossTokens) {
  const std::string whole = run({.maximum_tokens = 40}).text;
  for (std::size_t begin : {std::size_t{3}, whole.size() / 2, whole.size() - 6}) {
    const std::string stop = whole.substr(begin, 5);
    const Answer answer = run({.maximum_tokens = 40, .stop_strings = {"never said", stop}});
    EXPECT_EQ(answer.reason, FinishReason::stop);
    EXPECT_EQ(answer.text, whole.substr(0, whole.find(stop)));
  }
}

TEST_F(GenerationTest, TextThatOnlyBeginsLikeAStopStringIsNotLost) {
  const std::string whole = run({.maximum_tokens = 40}).text;
  const Answer answer = run({.maximum_tokens = 40, .stop_strings = {whole.substr(10) + "?!"}});
  EXPECT_EQ(answer.text, whole);
  EXPECT_EQ(answer.reason, FinishReason::token_limit);
}

// An answer may end inside a character while text waits that could have become a stop string: the
// text comes first, then what stands for the character.
TEST_F(GenerationTest, TextHeldBackComesBeforeACharacterThatWasNeverFinished) {
  const std::string unfinished = "\xEF\xBF\xBD";
  int tried = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const SamplingOptions sampling{.temperature = 1, .seed = seed};
    for (std::size_t limit = 8; limit < 12; ++limit) {
      const std::string whole = run({.sampling = sampling, .maximum_tokens = limit}).text;
      if (!whole.ends_with(unfinished)) continue;
      const std::string before = whole.substr(0, whole.size() - unfinished.size());
      // The stop string begins with a character.
      if (before.empty() || static_cast<unsigned char>(before.back()) >= 0x80) continue;
      ++tried;
      const Answer answer =
          run({.sampling = sampling,
               .maximum_tokens = limit,
               .stop_strings = {before.substr(before.size() - 1) + "never said"}});
      ASSERT_EQ(answer.text, whole);
      ASSERT_EQ(answer.reason, FinishReason::token_limit);
    }
  }
  EXPECT_GT(tried, 0);
}

// Embeddings are often padded to a round number of rows; those beyond the tokenizer are no tokens.
TEST_F(GenerationTest, OnlyTokensThatTheTokenizerHasAreChosen) {
  const text::Tokenizer smaller(text::vocabulary_of_words({}, "gpt2"));
  ASSERT_LT(smaller.vocabulary_size(), package_.model->config.vocabulary);
  for (const float temperature : {0.0F, 3.0F}) {
    sequence_.truncate(0);
    Generation generation(engine_, smaller, sequence_, prompt_,
                          {.sampling = {.temperature = temperature}, .maximum_tokens = 200});
    while (generation.next()) {
    }
    EXPECT_EQ(generation.tokens().size(), 200U);
  }
}

TEST_F(GenerationTest, TheContextsEndIsAFinishReason) {
  const Answer answer = run({});
  EXPECT_EQ(answer.reason, FinishReason::context_limit);
  // The last token of the context is computed, and what follows it is sampled.
  EXPECT_EQ(answer.tokens.size(), 256 - prompt_.size() + 1);
}

TEST_F(GenerationTest, CancellingEndsTheAnswerAndLeavesTheSequenceUsable) {
  std::stop_source source;
  Generation generation(engine_, *package_.tokenizer, sequence_, prompt_, {}, source.get_token());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(generation.next());
  source.request_stop();
  while (generation.next()) {
  }
  EXPECT_EQ(generation.finish_reason(), FinishReason::cancelled);
  EXPECT_EQ(generation.tokens().size(), 5U);
  EXPECT_EQ(run({.maximum_tokens = 5}).tokens, generation.tokens());
}

TEST_F(GenerationTest, APromptThatLeavesNoRoomIsRefusedBeforeAnyWork) {
  const std::vector<base::TokenId> prompt(256, 1);
  try {
    Generation(engine_, *package_.tokenizer, sequence_, prompt, {});
    FAIL() << "256 tokens and an answer fit 256";
  } catch (const ExceededContextWindowSize& error) {
    EXPECT_EQ(error.tokens(), 257U);
    EXPECT_EQ(error.limit(), 256U);
    EXPECT_THAT(error.what(), HasSubstr("context window"));
  }
  EXPECT_EQ(sequence_.length(), 0U);
}

TEST_F(GenerationTest, BadSettingsAreRefused) {
  const auto start = [&](GenerationSettings settings, std::vector<base::TokenId> prompt) {
    Generation(engine_, *package_.tokenizer, sequence_, std::move(prompt), std::move(settings));
  };
  EXPECT_THROW(start({}, {}), InvalidArgument);
  EXPECT_THROW(start({.stop_strings = {""}}, prompt_), InvalidArgument);
  EXPECT_THROW(start({.sampling = {.temperature = -1}}, prompt_), InvalidArgument);
}

TEST(ModelPackage, HasATokenizerATemplateAndAModel) {
  const ModelPackage package = load_package("tests/parity/fixtures/gqa_tied_f32.gguf", 2);
  EXPECT_EQ(package.tokenizer->vocabulary_size(), package.model->config.vocabulary);
  EXPECT_THAT(package.chat_template, HasSubstr("<|im_start|>"));
  EXPECT_EQ(load_tokenizer("tests/parity/fixtures/gqa_tied_f32.gguf")->encode("abc"),
            package.tokenizer->encode("abc"));
}

TEST(ModelPackage, AnUnknownTokenizerIsRefusedByName) {
  std::ifstream in("tests/parity/fixtures/gqa_tied_f32.gguf", std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  std::string text = bytes.str();
  const std::string key = "tokenizer.ggml.model";
  text.replace(text.find("gpt2", text.find(key)), 4, "bert");
  const std::string path = ::testing::TempDir() + "espalier_bert.gguf";
  std::ofstream(path, std::ios::binary) << text;
  EXPECT_THAT([&] { load_package(path, 1); }, ThrowsMessage<InvalidFile>(HasSubstr("'bert'")));
}

using Places = std::vector<std::vector<base::TokenId>>;

// Allows a list of tokens at each place, and remembers what it was given.
class Script : public TokenConstraint {
 public:
  Script(std::size_t vocabulary, Places allowed)
      : words_((vocabulary + 63) / 64), allowed_(std::move(allowed)) {}

  std::span<const std::uint64_t> mask() override {
    check(Question::mask);
    words_.assign(words_.size(), 0);
    const std::size_t place = continued_ ? allowed_.size() : accepted_.size();
    for (base::TokenId token : allowed_[std::min(place, allowed_.size() - 1)]) {
      words_[static_cast<std::size_t>(token) / 64] |= std::uint64_t{1} << (token % 64);
    }
    return words_;
  }
  void accept(base::TokenId token) override {
    check(Question::accept);
    accepted_.push_back(token);
  }
  bool fits(base::TokenId token, std::size_t tokens) override {
    check(Question::fits);
    budgets_.push_back(tokens);
    return std::ranges::find(unfit_, token) == unfit_.end();
  }
  std::span<const std::uint64_t> mask_that_fits(std::size_t) override {
    check(Question::mask_that_fits);
    mask();
    for (base::TokenId token : unfit_) {
      words_[static_cast<std::size_t>(token) / 64] &= ~(std::uint64_t{1} << (token % 64));
    }
    return words_;
  }
  Continuation continuation(std::size_t) override {
    check(Question::continuation);
    if (continued_ || accepted_.size() != continued_at_) return {};
    continued_ = true;
    accepted_.resize(accepted_.size() - replaced_);
    accepted_.insert(accepted_.end(), continuation_.begin(), continuation_.end());
    return {replaced_, continuation_};
  }

  // From `at` accepted tokens on it has no answer to the question.
  enum class Question : std::uint8_t { none, mask, accept, fits, mask_that_fits, continuation };
  void exhaust(Question question, std::size_t at) {
    exhausted_ = question;
    exhausted_at_ = at;
  }

  void let_not_fit(std::vector<base::TokenId> tokens) { unfit_ = std::move(tokens); }
  // Goes on so once `at` tokens are accepted; the last place is the next one then.
  void go_on(std::size_t at, std::size_t replaced, std::vector<base::TokenId> tokens) {
    continued_at_ = at;
    replaced_ = replaced;
    continuation_ = std::move(tokens);
  }
  const std::vector<base::TokenId>& accepted() const { return accepted_; }
  const std::vector<std::size_t>& budgets() const { return budgets_; }

 private:
  void check(Question question) const {
    if (question == exhausted_ && accepted_.size() >= exhausted_at_) {
      throw ConstraintExhausted("no more ways can be told apart");
    }
  }

  Question exhausted_ = Question::none;
  std::size_t exhausted_at_ = 0;
  std::vector<std::uint64_t> words_;
  Places allowed_;
  std::vector<base::TokenId> accepted_;
  std::vector<base::TokenId> unfit_;
  std::vector<std::size_t> budgets_;  // that fits() was asked with
  std::size_t continued_at_ = ~std::size_t{0};
  bool continued_ = false;
  std::size_t replaced_ = 0;
  std::vector<base::TokenId> continuation_;
};

TEST_F(GenerationTest, AConstraintThatAllowsEverythingChangesNothing) {
  std::vector<base::TokenId> every(package_.tokenizer->vocabulary_size());
  std::iota(every.begin(), every.end(), 0);
  const auto script = std::make_shared<Script>(every.size(), Places{every});
  const Answer answer = run({.maximum_tokens = 30, .constraint = script});
  EXPECT_EQ(answer.tokens, run({.maximum_tokens = 30}).tokens);
  EXPECT_EQ(script->accepted(), answer.tokens);
}

TEST_F(GenerationTest, TheLikeliestOfFewOrManyAllowedTokensIsTaken) {
  const std::size_t last = prompt_.size() - 1;
  StepOutput output;
  Sequence sequence = engine_.new_sequence();
  engine_.step({{.sequence = &sequence, .tokens = prompt_, .wanted = {&last, 1}}}, output);
  const std::span<const float> logits = output.logits(0).row(0);
  for (const std::size_t count : {2, 40, 100}) {  // rows by themselves, and the whole head
    std::vector<base::TokenId> allowed(count);
    std::iota(allowed.begin(), allowed.end(), 20);
    const auto expected = *std::ranges::max_element(
        allowed, {}, [&](base::TokenId t) { return logits[static_cast<std::size_t>(t)]; });
    const auto script = std::make_shared<Script>(272, Places{allowed});
    EXPECT_EQ(run({.maximum_tokens = 1, .constraint = script}).tokens, std::vector{expected});
  }
}

TEST_F(GenerationTest, OnlySampledTokensAreComputedForAndTheOnlyOneIsTaken) {
  const std::vector<base::TokenId> some = {30, 31, 32};
  const auto script = [&] {
    return std::make_shared<Script>(272, Places{{40}, {41}, some, {42}, some, {2}});
  };
  const Answer answer = run({.maximum_tokens = 20, .stop_tokens = {2}, .constraint = script()});
  EXPECT_EQ(answer.reason, FinishReason::stop);
  ASSERT_EQ(answer.tokens.size(), 5U);
  EXPECT_EQ(answer.tokens[0], 40);
  EXPECT_EQ(answer.tokens[1], 41);
  EXPECT_EQ(answer.tokens[3], 42);
  // Two steps: for the third token and the fifth.
  const std::size_t before = engine_.stats().computed_tokens;
  run({.maximum_tokens = 20, .stop_tokens = {2}, .constraint = script()});
  EXPECT_EQ(engine_.stats().computed_tokens - before, prompt_.size() + 4);
  // What came without being computed is in the sequence all the same: the next token is what it
  // would be had all been one prompt.
  std::vector<base::TokenId> all = prompt_;
  all.insert(all.end(), answer.tokens.begin(), answer.tokens.begin() + 4);
  const std::size_t last = all.size() - 1;
  StepOutput output;
  Sequence sequence = engine_.new_sequence();
  engine_.step({{.sequence = &sequence, .tokens = all, .wanted = {&last, 1}}}, output);
  const auto row = output.logits(0).row(0);
  EXPECT_EQ(answer.tokens[4], *std::ranges::max_element(some, {}, [&](base::TokenId t) {
              return row[static_cast<std::size_t>(t)];
            }));
}

TEST_F(GenerationTest, RandomTokensAreOfTheAllowedOnesOnly) {
  const std::vector<base::TokenId> some = {50, 60, 70};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto script = std::make_shared<Script>(272, Places{some});
    const Answer answer = run(
        {.sampling = {.temperature = 5, .seed = seed}, .maximum_tokens = 10, .constraint = script});
    for (base::TokenId token : answer.tokens) {
      EXPECT_NE(std::ranges::find(some, token), some.end());
    }
  }
}

TEST_F(GenerationTest, WhatMustComeJoinsThePromptsStep) {
  const auto script = std::make_shared<Script>(272, Places{{50, 60, 70}});
  script->go_on(0, 0, {40, 41, 42});
  const std::size_t before = engine_.stats().computed_tokens;
  const Answer answer = run({.maximum_tokens = 4, .constraint = script});
  EXPECT_EQ(engine_.stats().computed_tokens - before, prompt_.size() + 3);
  ASSERT_EQ(answer.tokens.size(), 4U);
  EXPECT_TRUE(std::ranges::equal(std::span(answer.tokens).first(3), std::vector{40, 41, 42}));
  EXPECT_EQ(answer.text, package_.tokenizer->decode(answer.tokens));
  EXPECT_EQ(script->budgets(), std::vector<std::size_t>{0});
}

// Other tokens of the same text take the place of those that were computed already.
TEST_F(GenerationTest, TokensThatAreSpelledAnewAreAsIfTheyHadAlwaysBeenSo) {
  const text::Tokenizer& tokenizer = *package_.tokenizer;
  std::vector<base::TokenId> anew = tokenizer.encode("the");
  std::vector<base::TokenId> bytes;
  for (const char* byte : {"t", "h", "e"}) bytes.push_back(tokenizer.encode(byte).front());
  ASSERT_LT(anew.size(), bytes.size());
  std::vector<base::TokenId> every(tokenizer.vocabulary_size());
  std::iota(every.begin(), every.end(), 0);
  constexpr base::TokenId unfit = 200;  // beside each token, so that all are computed
  const auto answer = [&](const std::vector<base::TokenId>& begun, bool spell_anew) {
    Places places;
    for (const base::TokenId token : begun) places.push_back({token, unfit});
    places.push_back(every);
    const auto script = std::make_shared<Script>(every.size(), std::move(places));
    script->let_not_fit({unfit});
    if (spell_anew) script->go_on(begun.size(), begun.size(), anew);
    return run({.maximum_tokens = 12, .constraint = script});
  };
  for (const char* more : {"", "!?"}) {
    for (const base::TokenId token : tokenizer.encode(more)) anew.push_back(token);
    const Answer respelled = answer(bytes, true);
    const Answer expected = answer(anew, false);
    EXPECT_TRUE(expected.text.starts_with(std::string("the") + more));
    EXPECT_EQ(respelled.tokens, expected.tokens);
    EXPECT_EQ(respelled.text, expected.text);
  }
}

// The stop string may begin in what was sampled and go on in what must come, in other tokens.
TEST_F(GenerationTest, AStopStringInWhatMustComeEndsTheAnswerInFrontOfIt) {
  const text::Tokenizer& tokenizer = *package_.tokenizer;
  const std::size_t before = engine_.stats().computed_tokens;
  const auto script = std::make_shared<Script>(tokenizer.vocabulary_size(), Places{{40}});
  script->go_on(0, 0, tokenizer.encode("the end, and more"));
  const Answer answer = run({.stop_strings = {"end"}, .constraint = script});
  EXPECT_EQ(answer.text, "the ");
  EXPECT_EQ(answer.reason, FinishReason::stop);
  EXPECT_EQ(engine_.stats().computed_tokens, before);

  Places letters;
  for (const char* letter : {"t", "h", "e"}) letters.push_back(tokenizer.encode(letter));
  const auto anew = std::make_shared<Script>(tokenizer.vocabulary_size(), letters);
  anew->go_on(3, 3, tokenizer.encode("the!?"));
  const Answer held = run({.stop_strings = {"e!"}, .constraint = anew});
  EXPECT_EQ(held.text, "th");
  EXPECT_EQ(held.reason, FinishReason::stop);
}

TEST_F(GenerationTest, ATokenThatDoesNotFitIsChosenAgainAmongThoseThatDo) {
  for (const std::size_t count : {3, 100}) {  // rows by themselves, and the whole head
    std::vector<base::TokenId> allowed(count);
    std::iota(allowed.begin(), allowed.end(), 20);
    const auto free = std::make_shared<Script>(272, Places{allowed});
    const base::TokenId likeliest = run({.maximum_tokens = 1, .constraint = free}).tokens.front();
    const auto script = std::make_shared<Script>(272, Places{allowed});
    script->let_not_fit({likeliest});
    const Answer answer = run({.maximum_tokens = 3, .constraint = script});
    EXPECT_NE(answer.tokens.front(), likeliest);
    std::erase(allowed, likeliest);
    const auto without = std::make_shared<Script>(272, Places{allowed});
    EXPECT_EQ(answer.tokens, run({.maximum_tokens = 3, .constraint = without}).tokens);
    EXPECT_EQ(script->budgets().front(), 2U);
  }
}

TEST_F(GenerationTest, AConstraintThatCannotGoOnCutsTheAnswerWhereItIs) {
  using Question = Script::Question;
  std::vector<base::TokenId> every(package_.tokenizer->vocabulary_size());
  std::iota(every.begin(), every.end(), 0);
  const std::vector<base::TokenId> whole = run({.maximum_tokens = 20}).tokens;
  for (const Question question : {Question::mask, Question::accept, Question::fits,
                                  Question::mask_that_fits, Question::continuation}) {
    const auto script = std::make_shared<Script>(every.size(), Places{every});
    const bool at_once = question == Question::mask_that_fits;
    const std::size_t end = at_once ? 0 : 7;
    script->exhaust(question, end);
    if (at_once) script->let_not_fit({whole[0]});
    const Answer answer = run({.maximum_tokens = 20, .constraint = script});
    EXPECT_EQ(answer.reason, FinishReason::constraint_limit);
    EXPECT_EQ(answer.tokens, std::vector(whole.begin(), whole.begin() + static_cast<long>(end)));
    EXPECT_EQ(answer.text, package_.tokenizer->decode(answer.tokens));
  }
}

TEST_F(GenerationTest, WhereOnlyStopTokensMayComeTheAnswerEndsWithoutAStep) {
  const auto script = std::make_shared<Script>(272, Places{{40}, {2, 3}});
  const std::size_t before = engine_.stats().computed_tokens;
  const Answer answer = run({.maximum_tokens = 9, .stop_tokens = {2, 3}, .constraint = script});
  EXPECT_EQ(answer.reason, FinishReason::stop);
  EXPECT_EQ(answer.tokens, std::vector{40});
  EXPECT_EQ(engine_.stats().computed_tokens, before);
  const auto last = std::make_shared<Script>(272, Places{{40}, {2, 3}});
  EXPECT_EQ(run({.maximum_tokens = 1, .stop_tokens = {2, 3}, .constraint = last}).reason,
            FinishReason::stop)
      << "an answer that is whole when its tokens are spent is whole";
}

}  // namespace
}  // namespace espalier::engine
