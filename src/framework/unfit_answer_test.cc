// Answers of back ends that no guide holds to a type: what is no value of it leaves no trace.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "espalier/espalier.h"

namespace app {
enum class Mood { calm, wild };
struct Day {
  Mood mood = Mood::wild;
  double warmth = 1;
  std::string note;
};
}  // namespace app

ESPALIER_GENERABLE_ENUM(app::Mood, calm, wild);
ESPALIER_GENERABLE(app::Day, mood, warmth, note);

namespace espalier {
namespace {

using app::Day;
using app::Mood;

LanguageModelSession says(std::string text, FinishReason reason) {
  return LanguageModelSession(std::make_shared<ScriptedLanguageModel>(std::vector<ScriptedAnswer>{
      {.text = std::move(text), .finish_reason = reason}, {.text = "Fine."}}));
}

TEST(UnfitAnswer, LeavesNoTraceHoweverItIsAskedFor) {
  const std::vector<std::pair<std::string, FinishReason>> answers = {
      {R"({"mood":"angry","warmth":2,"note":"a"})", FinishReason::stop},
      {R"({"mood":7,"warmth":2,"note":"a)", FinishReason::incomplete},
      {R"({"mood":"angry","warmth":2)", FinishReason::incomplete},
      {R"({"warmth":[2],"note":")", FinishReason::incomplete},
  };
  for (const auto& [text, reason] : answers) {
    LanguageModelSession whole = says(text, reason);
    EXPECT_THROW(whole.respond<Day>("?"), DecodingFailure) << text;
    LanguageModelSession streamed = says(text, reason);
    EXPECT_THROW(
        {
          auto stream = streamed.stream_response<Day>("?");
          for (const auto& snapshot : stream) (void)snapshot;
        },
        DecodingFailure)
        << text;
    LanguageModelSession later = says(text, reason);
    EXPECT_THROW(later.respond_async<Day>("?").get(), DecodingFailure) << text;
    for (LanguageModelSession* session : {&whole, &streamed, &later}) {
      EXPECT_TRUE(session->transcript().empty()) << text;
      EXPECT_EQ(session->respond("And now?").content, "Fine.") << text;
    }
  }
}

TEST(UnfitAnswer, WhatIsCutIsAsTheTypeHasIt) {
  LanguageModelSession session = says(R"({"mood":"ca)", FinishReason::incomplete);
  const auto response = session.respond<Day>("?");
  EXPECT_FALSE(response.is_complete);
  EXPECT_EQ(response.content.mood, Mood::wild);
  EXPECT_EQ(response.content.warmth, 1);
}

}  // namespace
}  // namespace espalier
