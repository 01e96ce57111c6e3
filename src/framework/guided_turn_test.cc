// Sessions whose answers are held to a guide. The model is tiny and random, so that nothing but the
// guide makes its answers JSON.
#include <gtest/gtest.h>

#include <memory>
#include <regex>
#include <string>
#include <utility>

#include "base/json.h"
#include "framework/engine_access.h"
#include "framework/fixture_testing.h"
#include "guide/guide.h"

namespace espalier {
namespace {

using framework::EngineAccess;
using framework::testing::tiny_model;

Response<> guided(const SystemLanguageModel& model, std::shared_ptr<const guide::Guide> guide,
                  std::uint64_t seed, std::size_t tokens = 200) {
  framework::TurnSettings settings;
  settings.sampling = {.temperature = 1.5F, .seed = seed};
  settings.maximum_tokens = tokens;
  settings.guide = std::move(guide);
  LanguageModelSession session(model);
  return EngineAccess::stream(session, "Hello", settings).collect();
}

Response<> guided(const SystemLanguageModel& model, const std::string& schema, std::uint64_t seed,
                  std::size_t tokens = 200) {
  const auto document = base::JsonDocument::parse("schema", schema);
  return guided(model, guide::Guide::of_schema(document.root(), guide::answer_options), seed,
                tokens);
}

TEST(GuidedTurn, AnAnswerIsOneOfTheChoices) {
  const SystemLanguageModel model = tiny_model();
  bool yes = false, no = false;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Response response = guided(model, R"({"enum": ["yes", "no"]})", seed);
    EXPECT_TRUE(response.is_complete) << response.content;
    yes = yes || response.content == "\"yes\"";
    no = no || response.content == "\"no\"";
    EXPECT_TRUE(response.content == "\"yes\"" || response.content == "\"no\"") << response.content;
  }
  EXPECT_TRUE(yes && no) << "a guide restricts the model and does not choose for it";
}

TEST(GuidedTurn, AnObjectHasItsMembersInTheirTypes) {
  const SystemLanguageModel model = tiny_model();
  const std::string schema = R"({"type": "object", "additionalProperties": false,
    "properties": {"name": {"type": "string", "maxLength": 5}, "age": {"type": "integer",
    "minimum": 0, "maximum": 150}}, "required": ["name", "age"]})";
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Response response = guided(model, schema, seed);
    ASSERT_TRUE(response.is_complete) << response.content;
    const auto document = base::JsonDocument::parse("answer", response.content);
    EXPECT_EQ(document.root().size(), 2U);
    EXPECT_LE(document.root().get_string("name").size(), 5U * 4);
    EXPECT_LE(document.root().get_size("age"), 150U);
  }
}

TEST(GuidedTurn, AnAnswerMatchesARegularExpression) {
  const SystemLanguageModel model = tiny_model();
  const auto expression = guide::Guide::of_regex("[a-c]{2,4}\\d+\\\\(x|y)?");
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Response response = guided(model, expression, seed, 400);
    if (!response.is_complete) continue;
    EXPECT_TRUE(std::regex_match(response.content, std::regex("[a-c]{2,4}\\d+\\\\(x|y)?")))
        << response.content;
  }
}

TEST(GuidedTurn, ATextIsFreeUntilItsEndAndGuidedBehindIt) {
  const auto document = base::JsonDocument::parse(
      "grammar", R"([{"free": [], "until": "a"}, {"either": ["!", {"schema": {"const": 1}}]}])");
  const auto grammar = guide::Guide::of_grammar(document.root(), guide::answer_options);
  const SystemLanguageModel model = tiny_model();
  int complete = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Response response = guided(model, grammar, seed, 400);
    const std::size_t end = response.content.find('a');
    if (response.is_complete) {
      ++complete;
      EXPECT_TRUE(response.content.substr(end) == "a!" || response.content.substr(end) == "a1")
          << response.content;
    }
  }
  EXPECT_GT(complete, 0);
}

TEST(GuidedTurn, ALimitCutsWhatMustComeToo) {
  for (const std::size_t tokens : {1, 2, 5}) {
    const Response response = guided(tiny_model(), R"({"const": "all of this"})", 1, tokens);
    EXPECT_EQ(response.usage.response_tokens, tokens);
    EXPECT_EQ(response.finish_reason, FinishReason::incomplete);
    EXPECT_TRUE(std::string(R"("all of this")").starts_with(response.content)) << response.content;
  }
}

TEST(GuidedTurn, AGuideThatMayNotGrowAnyMoreCutsTheAnswer) {
  const auto document =
      base::JsonDocument::parse("schema", R"({"type": "string", "pattern": "^[a-z]{90,500}$"})");
  const SystemLanguageModel model = tiny_model();
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const auto full =
        guide::Guide::of_schema(document.root(), guide::answer_options, {.terms = 300});
    const Response response = guided(model, full, seed, 0);
    EXPECT_FALSE(response.is_complete);
    EXPECT_EQ(response.finish_reason, FinishReason::incomplete);
    EXPECT_TRUE(std::regex_match(response.content, std::regex("\"[a-z]+"))) << response.content;
    EXPECT_EQ(response.transcript_entries.size(), 2U) << "the turn is kept";
  }
}

TEST(GuidedTurn, AnAnswerThatALimitCutsIsIncomplete) {
  const Response response = guided(
      tiny_model(), R"({"type": "array", "items": {"type": "null"}, "minItems": 100})", 1, 20);
  EXPECT_FALSE(response.is_complete);
  EXPECT_EQ(response.finish_reason, FinishReason::incomplete);
  EXPECT_EQ(response.usage.response_tokens, 20U);
}

}  // namespace
}  // namespace espalier
