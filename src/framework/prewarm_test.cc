// What prewarm() computes is not computed again, whatever shape of request it was for.
#include <gtest/gtest.h>

#include <string>

#include "espalier/espalier.h"
#include "framework/fixture_testing.h"

namespace app {
struct Trip {
  std::string city;
  int days = 0;
};
}  // namespace app

ESPALIER_GENERABLE(app::Trip, city, (days, "how long"));

namespace espalier {
namespace {

using app::Trip;
using framework::testing::stats;
using framework::testing::tiny_model;

const std::string beginning = "Plan a trip to a town in the north, with much snow and no rain,";
const GenerationOptions short_answer = {.sampling = SamplingMode::greedy(),
                                        .maximum_response_tokens = 2};

// How many tokens of a prompt that goes on from `beginning` are still computed.
template <class Prewarm, class Ask>
std::size_t left_to_compute(const Prewarm& prewarm, const Ask& ask) {
  LanguageModelSession session(tiny_model(), "Be brief.");
  prewarm(session);
  const Usage usage = ask(session, beginning + " x");
  EXPECT_EQ(session.transcript().size(), 3U);
  return usage.prompt_tokens - usage.cached_tokens;
}

// Behind the prefix come " x" and the marks around an answer, 40 tokens at most.
constexpr std::size_t most = 40;

TEST(Prewarm, ComputesThePrefixOfAText) {
  const auto ask = [](LanguageModelSession& session, const std::string& prompt) {
    return session.respond(prompt, short_answer).usage;
  };
  EXPECT_GT(left_to_compute([](LanguageModelSession&) {}, ask), beginning.size());
  EXPECT_GT(left_to_compute([](LanguageModelSession& session) { session.prewarm(); }, ask),
            beginning.size());
  EXPECT_LT(left_to_compute([](LanguageModelSession& session) { session.prewarm(beginning); }, ask),
            most);
}

TEST(Prewarm, ComputesWhatIsToldOfASchemaToo) {
  const auto ask = [](LanguageModelSession& session, const std::string& prompt) {
    return session.respond<Trip>(prompt, short_answer).usage;
  };
  EXPECT_LT(
      left_to_compute([](LanguageModelSession& session) { session.prewarm<Trip>(beginning); }, ask),
      most);
  EXPECT_LT(left_to_compute(
                [](LanguageModelSession& session) {
                  session.prewarm(beginning, GenerationSchema::of<Trip>());
                },
                ask),
            most);
  EXPECT_GT(left_to_compute([](LanguageModelSession& session) { session.prewarm(beginning); }, ask),
            beginning.size())
      << "the outline stands in front of the text";
  const auto unshown = [](LanguageModelSession& session, const std::string& prompt) {
    GenerationOptions options = short_answer;
    options.include_schema_in_prompt = false;
    return session.respond<Trip>(prompt, options).usage;
  };
  EXPECT_LT(
      left_to_compute([](LanguageModelSession& session) { session.prewarm(beginning); }, unshown),
      most);
}

TEST(Prewarm, ComputesInstructionsAndTools) {
  const SystemLanguageModel model = tiny_model();
  const auto look = make_tool("look", "Looks.", GenerationSchema(DynamicGenerationSchema::null()),
                              [](const GeneratedContent&) { return "grey"; });
  LanguageModelSession session(model, {look}, "Be brief.");
  session.prewarm();
  EXPECT_EQ(stats(model).computed_tokens, model.token_count(session.transcript()));
  GenerationOptions options = short_answer;
  options.tool_calling_mode = ToolCallingMode::disallowed;
  EXPECT_GE(session.respond("Hello", options).usage.cached_tokens,
            model.token_count("Be brief.", {look}) - 16);
}

TEST(Prewarm, LeavesTheTranscriptAlone) {
  LanguageModelSession session(tiny_model());
  session.prewarm(beginning);
  session.prewarm<Trip>(beginning);
  EXPECT_TRUE(session.transcript().empty());
  EXPECT_FALSE(session.is_responding());
  EXPECT_THROW(session.prewarm("\xff"), InvalidArgument);
  EXPECT_FALSE(session.is_responding());
}

}  // namespace
}  // namespace espalier
