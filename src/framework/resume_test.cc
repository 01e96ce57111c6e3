// Sessions that go on from a transcript that was kept as JSON.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "espalier/espalier.h"
#include "framework/fixture_testing.h"

namespace espalier {
namespace {

using framework::testing::tiny_model;

GenerationOptions random(std::uint64_t seed, std::size_t tokens) {
  return {.sampling = SamplingMode::random_probability_threshold(1.0, seed),
          .temperature = 1.5,
          .maximum_response_tokens = tokens};
}

const GenerationOptions greedy = {.sampling = SamplingMode::greedy(),
                                  .maximum_response_tokens = 24};

Transcript kept(const LanguageModelSession& session) {
  return Transcript::from_json(session.transcript().to_json());
}

Transcript without_tokens(const Transcript& transcript) {
  std::vector<Transcript::Entry> entries(transcript.begin(), transcript.end());
  for (Transcript::Entry& entry : entries) {
    if (auto* response = std::get_if<Transcript::Response>(&entry)) response->token_ids.clear();
  }
  return Transcript(entries);
}

void expect_to_go_on_alike(LanguageModelSession& live, LanguageModelSession& resumed) {
  const Response<> a = live.respond("Go on", greedy);
  const Response<> b = resumed.respond("Go on", greedy);
  EXPECT_EQ(a.content, b.content);
  EXPECT_EQ(a.usage.prompt_tokens, b.usage.prompt_tokens);
  EXPECT_EQ(entry_text(live.transcript()[live.transcript().size() - 1]),
            entry_text(resumed.transcript()[resumed.transcript().size() - 1]));
}

TEST(Resume, AResumedSessionGivesTheNextTokensOfTheLiveOne) {
  const SystemLanguageModel model = tiny_model();
  const GenerationSchema schema = GenerationSchema::of<std::vector<std::string>>();
  std::size_t needed = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    LanguageModelSession live(model, "Be brief.");
    live.respond("Hello", random(seed, 20));
    live.respond("A list", schema, random(seed, 10 + 10 * seed));
    const Transcript transcript = kept(live);
    EXPECT_EQ(transcript, live.transcript());
    LanguageModelSession resumed(model, transcript);
    if (model.token_count(transcript) != model.token_count(without_tokens(transcript))) ++needed;
    expect_to_go_on_alike(live, resumed);
  }
  EXPECT_GT(needed, 0U) << "or this shows nothing";
}

TEST(Resume, TheLiveSessionKeepsItsCache) {
  const SystemLanguageModel model = tiny_model();
  const GenerationSchema schema = GenerationSchema::of<std::vector<std::string>>();
  int without_control_tokens = 0;
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    LanguageModelSession session(model);
    const auto text = session.respond("Hello", random(seed, 40));
    // A random model also writes control tokens, which are not kept (below).
    const auto& ids = std::get<Transcript::Response>(text.transcript_entries.back()).token_ids;
    const bool is_its_text = model.token_count(text.content) == text.usage.response_tokens;
    if (ids.empty() && !is_its_text) continue;
    ++without_control_tokens;
    const auto first = session.respond("A list", schema, random(seed, 40));
    EXPECT_EQ(first.usage.cached_tokens, text.usage.prompt_tokens + text.usage.response_tokens - 1);
    const auto second = session.respond("Go on", greedy);
    EXPECT_EQ(second.usage.cached_tokens,
              first.usage.prompt_tokens + first.usage.response_tokens - 1);
  }
  EXPECT_GE(without_control_tokens, 12);
}

// They have no text, so nobody who reads the transcript would see them.
TEST(Resume, ControlTokensAreNotRead) {
  const SystemLanguageModel model = tiny_model();
  const text::Tokenizer& tokenizer = framework::EngineAccess::runtime(model)->tokenizer();
  const auto ids = tokenizer.encode("Hi there", {.recognise_special = false});
  Transcript::Response response{"r", {Transcript::TextSegment{"t", "Hi there"}}, ids};
  const auto tokens = [&] { return model.token_count(Transcript({response})); };
  const std::size_t plain = tokens();
  for (const char* hidden : {"<|im_end|>", "<|im_start|>"}) {
    const auto special = tokenizer.find_special(hidden);
    ASSERT_TRUE(special.has_value() && tokenizer.is_special(*special)) << hidden;
    response.token_ids = ids;
    response.token_ids.insert(response.token_ids.begin() + 2, *special);
    EXPECT_EQ(tokens(), plain) << hidden;
  }
}

TEST(Resume, TokensOfAnotherVocabularyAreNotRead) {
  const SystemLanguageModel model = tiny_model();
  Transcript transcript, foreign;
  transcript.append(Transcript::prompt("Hello"));
  transcript.append(Transcript::response("Hi there"));
  foreign.append(transcript[0]);
  for (const std::vector<std::int32_t>& ids :
       {std::vector<std::int32_t>{1, 2, 3}, {-1}, {1 << 30}}) {
    Transcript::Response response = std::get<Transcript::Response>(transcript[1]);
    response.token_ids = ids;
    foreign = Transcript({transcript[0], response});
    EXPECT_EQ(model.token_count(foreign), model.token_count(transcript));
  }
}

TEST(RealModelResume, AResumedSessionGivesTheNextTokensOfTheLiveOne) {
  if (const std::string reason = framework::testing::no_real_model(); !reason.empty()) {
    GTEST_SKIP() << reason;
  }
  for (const double temperature : {0.0, 2.0}) {
    LanguageModelSession live("You are a botanist.");
    GenerationOptions options = random(7, 60);
    options.temperature = temperature;
    live.respond("What is an espalier?", options);
    live.respond("Name three trees.", GenerationSchema::of<std::vector<std::string>>(), options);
    LanguageModelSession resumed(kept(live));
    expect_to_go_on_alike(live, resumed);
  }
}

}  // namespace
}  // namespace espalier
