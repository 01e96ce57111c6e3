#include "espalier/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "espalier/espalier.h"
#include "framework/fixture_testing.h"

namespace espalier {
namespace {

using framework::testing::stats;
using framework::testing::tiny_model;
using ::testing::HasSubstr;

GenerationOptions short_answer(std::size_t tokens = 12) {
  return {.sampling = SamplingMode::greedy(), .maximum_response_tokens = tokens};
}

TEST(Session, KeepsWhatWasSaid) {
  LanguageModelSession session(tiny_model(), "Be brief.");
  const Response response = session.respond("Hello", short_answer());
  const Transcript transcript = session.transcript();
  ASSERT_EQ(transcript.size(), 3U);
  EXPECT_EQ(entry_text(transcript[0]), "Be brief.");
  EXPECT_EQ(entry_text(transcript[1]), "Hello");
  EXPECT_EQ(entry_text(transcript[2]), response.content);
  ASSERT_EQ(response.transcript_entries.size(), 2U);
  EXPECT_EQ(response.transcript_entries[0], transcript[1]);
  EXPECT_EQ(response.transcript_entries[1], transcript[2]);
  EXPECT_EQ(std::get<Transcript::Prompt>(transcript[1]).options, short_answer());
  EXPECT_FALSE(session.is_responding());
}

TEST(Session, AnswerCutByItsLimitSaysSo) {
  LanguageModelSession session(tiny_model());
  const Response response = session.respond("Hello", short_answer(5));
  EXPECT_EQ(response.usage.response_tokens, 5U);
  EXPECT_FALSE(response.is_complete);
  EXPECT_EQ(response.finish_reason, FinishReason::incomplete);
}

// Hot enough to leave the likeliest tokens, where the mode lets it.
std::string sampled(const SystemLanguageModel& model, SamplingMode mode, double temperature = 3.0) {
  LanguageModelSession session(model);
  return session
      .respond("Hello",
               {.sampling = mode, .temperature = temperature, .maximum_response_tokens = 20})
      .content;
}

TEST(Session, SeededAnswerCanBeHadAgain) {
  const SystemLanguageModel model = tiny_model();
  const auto by_threshold = [&](std::optional<std::uint64_t> seed) {
    return sampled(model, SamplingMode::random_probability_threshold(1.0, seed));
  };
  const auto by_top_k = [&](std::optional<std::uint64_t> seed) {
    return sampled(model, SamplingMode::random_top_k(50, seed));
  };
  EXPECT_EQ(by_threshold(1), by_threshold(1));
  EXPECT_NE(by_threshold(1), by_threshold(2));
  EXPECT_NE(by_threshold(std::nullopt), by_threshold(std::nullopt));
  EXPECT_EQ(by_top_k(1), by_top_k(1));
  EXPECT_NE(by_top_k(1), by_top_k(2));
  EXPECT_NE(by_top_k(std::nullopt), by_top_k(std::nullopt));
}

TEST(Session, SamplingChoosesAmongAsManyTokensAsItsModeSays) {
  const SystemLanguageModel model = tiny_model();
  const std::string likeliest = sampled(model, SamplingMode::greedy());
  EXPECT_EQ(sampled(model, SamplingMode::random_top_k(1, 7)), likeliest);
  EXPECT_NE(sampled(model, SamplingMode::random_top_k(50, 7)), likeliest);
  EXPECT_EQ(sampled(model, SamplingMode::random_probability_threshold(1e-6, 7)), likeliest);
  EXPECT_NE(sampled(model, SamplingMode::random_probability_threshold(1.0, 7)), likeliest);
}

TEST(Session, TemperatureSaysHowFarAnAnswerIsFromTheLikeliest) {
  const SystemLanguageModel model = tiny_model();
  const std::string likeliest = sampled(model, SamplingMode::greedy());
  EXPECT_EQ(sampled(model, SamplingMode::random_top_k(50, 7), 0), likeliest);
  EXPECT_EQ(sampled(model, SamplingMode::random_top_k(50, 7), 1e-3), likeliest);
  EXPECT_NE(sampled(model, SamplingMode::random_top_k(50, 7), 3), likeliest);
}

TEST(Session, TurnComputesOnlyWhatIsNew) {
  const SystemLanguageModel model = tiny_model();
  LanguageModelSession session(model, std::string(100, 'i'));
  const Response first = session.respond("Hello", short_answer());
  const auto before = stats(model).computed_tokens;
  const Response second = session.respond("Go on", short_answer());
  // The last token of the first answer was sampled, but not yet computed.
  const std::size_t known = first.usage.prompt_tokens + first.usage.response_tokens - 1;
  EXPECT_EQ(second.usage.cached_tokens, known);
  const std::size_t computed = stats(model).computed_tokens - before;
  EXPECT_EQ(computed, second.usage.prompt_tokens - known + second.usage.response_tokens - 1);
}

// Noise has bytes that are no text, and tokens that its text would not be given.
TEST(Session, AnswersStandInTheHistoryAsTheyWereGenerated) {
  LanguageModelSession session(tiny_model());
  std::size_t known = 0;
  for (std::uint64_t seed = 1; seed < 4; ++seed) {
    const Response response =
        session.respond("Go", {.sampling = SamplingMode::random_probability_threshold(1.0, seed),
                               .temperature = 3.0,
                               .maximum_response_tokens = 40});
    EXPECT_GE(response.usage.cached_tokens, known);
    known = response.usage.prompt_tokens + response.usage.response_tokens - 1;
  }
}

TEST(Session, AnswerIsTheSameWithAndWithoutReuse) {
  const SystemLanguageModel one = tiny_model(), two = tiny_model();
  LanguageModelSession kept(one, "Be brief."), dropped(two, "Be brief.");
  kept.respond("Hello", short_answer());
  dropped.respond("Hello", short_answer());
  framework::EngineAccess::runtime(two)->park().clear();
  const Response from_kept = kept.respond("Go on", short_answer());
  const Response from_dropped = dropped.respond("Go on", short_answer());
  EXPECT_GT(from_kept.usage.cached_tokens, 0U);
  EXPECT_EQ(from_dropped.usage.cached_tokens, 0U);
  EXPECT_EQ(from_kept.content, from_dropped.content);
}

TEST(Session, SecondSessionReusesSharedInstructions) {
  const SystemLanguageModel model = tiny_model();
  const std::string instructions(300, 'i');
  LanguageModelSession(model, instructions).respond("Hello", short_answer());
  LanguageModelSession second(model, instructions);
  EXPECT_GE(second.respond("Bye", short_answer()).usage.cached_tokens, 256U);
}

TEST(Session, PrewarmTakesTheWorkOffTheFirstAnswer) {
  const SystemLanguageModel model = tiny_model();
  LanguageModelSession session(model, std::string(100, 'i'));
  session.prewarm("Tell me");
  const auto before = stats(model).computed_tokens;
  const Response response = session.respond("Tell me more", short_answer(1));
  EXPECT_GE(response.usage.cached_tokens, 100U + std::string("Tell me").size() / 2);
  EXPECT_EQ(stats(model).computed_tokens - before,
            response.usage.prompt_tokens - response.usage.cached_tokens);
  EXPECT_EQ(session.transcript().size(), 3U);
}

TEST(Session, PromptThatDoesNotFitIsRefusedBeforeAnythingIsComputed) {
  const SystemLanguageModel model = tiny_model(64);
  LanguageModelSession session(model, "Be brief.");
  session.respond("Hi", short_answer(2));
  const Transcript before = session.transcript();
  const auto computed = stats(model).computed_tokens;
  try {
    session.respond(std::string(100, 'x'), short_answer());
    FAIL() << "it fitted";
  } catch (const ExceededContextWindowSize& error) {
    EXPECT_EQ(error.code(), ErrorCode::exceeded_context_window_size);
    EXPECT_GT(error.tokens(), 100U);
    EXPECT_EQ(error.limit(), 64U);
    EXPECT_THAT(error.what(), HasSubstr("context window"));
    EXPECT_THAT(error.what(), HasSubstr("has " + std::to_string(error.tokens()) + " tokens"));
    EXPECT_THAT(error.what(), HasSubstr("holds 64"));
  }
  EXPECT_THROW(session.stream_response(std::string(100, 'x')), ExceededContextWindowSize);
  EXPECT_EQ(session.transcript(), before);
  EXPECT_EQ(stats(model).computed_tokens, computed);
  EXPECT_FALSE(session.is_responding());
  EXPECT_NO_THROW(session.respond("Hi", short_answer(2)));
}

TEST(Session, AnswerMayFillTheContextToItsLastToken) {
  const SystemLanguageModel model = tiny_model(64);
  LanguageModelSession session(model);
  const Response response = session.respond("Hi", {.sampling = SamplingMode::greedy()});
  if (!response.is_complete) {
    // The last token needs no room: nothing comes after it.
    EXPECT_EQ(response.usage.prompt_tokens + response.usage.response_tokens, 65U);
  }
  EXPECT_THROW(session.respond("Hi"), ExceededContextWindowSize);
}

TEST(Session, OptionsOutOfRangeAreRefusedByName) {
  LanguageModelSession session(tiny_model());
  const auto refused = [&](const GenerationOptions& options, const char* words) {
    try {
      session.respond("Hello", options);
      ADD_FAILURE() << words;
    } catch (const InvalidArgument& error) {
      EXPECT_THAT(error.what(), HasSubstr(words));
    }
  };
  refused({.temperature = -1.0}, "temperature");
  refused({.sampling = SamplingMode::random_top_k(0)}, "top k");
  refused({.sampling = SamplingMode::random_probability_threshold(1.5)}, "threshold");
  refused({.maximum_response_tokens = 0}, "maximum_response_tokens");
  EXPECT_TRUE(session.transcript().empty());
  EXPECT_FALSE(session.is_responding());
}

TEST(Session, SecondRequestMeanwhileThrows) {
  LanguageModelSession session(tiny_model());
  {
    ResponseStream stream = session.stream_response("Hello", short_answer());
    EXPECT_TRUE(session.is_responding());
    EXPECT_THROW(session.respond("Me too", short_answer()), ConcurrentRequests);
    EXPECT_THROW(session.prewarm(), ConcurrentRequests);
    stream.collect();
  }
  EXPECT_EQ(session.transcript().size(), 2U);
  EXPECT_NO_THROW(session.respond("Now me", short_answer()));
}

TEST(Session, CancelledRequestLeavesNoTrace) {
  LanguageModelSession session(tiny_model());
  session.respond("Hello", short_answer());
  const Transcript before = session.transcript();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(session.respond("Go on", short_answer(), stop.get_token()), Cancelled);
  EXPECT_EQ(session.transcript(), before);
  EXPECT_FALSE(session.is_responding());
  EXPECT_NO_THROW(session.respond("Go on", short_answer()));
}

TEST(Session, GoesOnFromATranscript) {
  Transcript transcript;
  transcript.append(Transcript::instructions("Be brief."));
  transcript.append(Transcript::prompt("Hello"));
  transcript.append(Transcript::response("Hi."));
  LanguageModelSession session(tiny_model(), transcript);
  EXPECT_EQ(session.transcript(), transcript);
  session.respond("Go on", short_answer());
  EXPECT_EQ(session.transcript().size(), 5U);
  transcript.append(Transcript::instructions("Be long."));
  EXPECT_THROW(LanguageModelSession(tiny_model(), transcript), InvalidArgument);
}

TEST(Session, AnotherTranscriptHasTheSameModelAndTools) {
  const auto tool =
      make_tool<GeneratedContent>("look", "Looks.", [](const GeneratedContent&) { return "grey"; });
  const auto model = std::make_shared<ScriptedLanguageModel>(
      [](const LanguageModelRequest& request) -> ScriptedAnswer {
        return {.text = request.tools.at(0).name};
      });
  const LanguageModelSession session(model, Tools{tool}, "Be brief.");
  LanguageModelSession other =
      session.with(Transcript({Transcript::prompt("a"), Transcript::response("b")}));
  EXPECT_EQ(other.respond("c").content, "look");
  EXPECT_EQ(std::get<Transcript::Instructions>(other.transcript().front()).tool_definitions,
            std::get<Transcript::Instructions>(session.transcript().front()).tool_definitions);
  EXPECT_EQ(other.transcript().size(), 5U);
  EXPECT_EQ(session.transcript().size(), 1U);
}

// What is no text could be answered, but not kept.
TEST(Session, TextThatIsNotUtf8IsRefused) {
  LanguageModelSession session(tiny_model());
  EXPECT_THROW(session.respond("a\xff"), InvalidArgument);
  EXPECT_THROW(session.respond(Prompt("a").add(std::string("\xc3"))), InvalidArgument);
  EXPECT_THROW(session.respond_async("a\xff"), InvalidArgument);
  EXPECT_THROW(LanguageModelSession(tiny_model(), "a\xff"), InvalidArgument);
  const Transcript spoilt({Transcript::prompt("a"), Transcript::response("b\xff")});
  EXPECT_THROW(LanguageModelSession(tiny_model(), spoilt), InvalidArgument);
  EXPECT_FALSE(session.is_responding());
  EXPECT_TRUE(session.transcript().empty());
}

TEST(Session, ControlTokensInAPromptAreText) {
  const SystemLanguageModel model = tiny_model();
  LanguageModelSession session(model);
  const Response plain = session.respond("x", short_answer(1));
  LanguageModelSession other(model);
  const Response spelled = other.respond("<|im_end|>", short_answer(1));
  EXPECT_GT(spelled.usage.prompt_tokens, plain.usage.prompt_tokens);
}

TEST(Session, SessionsOfOneModelAnswerAtTheSameTime) {
  const SystemLanguageModel model = tiny_model();
  LanguageModelSession alone(model);
  const std::string expected = alone.respond("Hello", short_answer(30)).content;
  std::atomic<int> equal{0};
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      LanguageModelSession session(model);
      if (session.respond("Hello", short_answer(30)).content == expected) ++equal;
    });
  }
  threads.clear();
  EXPECT_EQ(equal, 4);
}

TEST(Session, OnlyOneOfManyThreadsGetsTheSession) {
  LanguageModelSession session(tiny_model());
  session.prewarm();
  std::atomic<int> answered{0};
  std::atomic<int> refused{0};
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      try {
        session.respond("Hello", short_answer(4));
        ++answered;
      } catch (const ConcurrentRequests&) {
        ++refused;
      }
      (void)session.transcript();
    });
  }
  threads.clear();
  EXPECT_EQ(answered + refused, 4);
  EXPECT_GE(answered, 1);
  EXPECT_EQ(session.transcript().size(), 2U * static_cast<std::size_t>(answered));
}

// Waiting sessions hold more pages than the cache has; they give them back when one needs them.
TEST(Session, ManyWaitingSessionsDoNotStarveOne) {
  const SystemLanguageModel model = tiny_model(256);
  std::vector<LanguageModelSession> sessions;
  for (int i = 0; i < 6; ++i) {
    sessions.emplace_back(model);
    EXPECT_NO_THROW(
        sessions.back().respond(std::string(150, static_cast<char>('a' + i)), short_answer(4)));
  }
  EXPECT_NO_THROW(sessions.front().respond("Go on", short_answer(4)));
  EXPECT_EQ(sessions.front().transcript().size(), 4U);
}

TEST(Session, ModelThatIsNotThereIsNamed) {
  LanguageModelSession session(SystemLanguageModel("/nowhere/model.gguf"));
  try {
    session.respond("Hello");
    FAIL() << "it answered";
  } catch (const AssetsUnavailable& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nowhere/model.gguf"));
  }
  EXPECT_FALSE(session.is_responding());
}

}  // namespace
}  // namespace espalier
