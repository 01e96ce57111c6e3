#include "espalier/feedback.h"

#include <gtest/gtest.h>

#include <string>

#include "espalier/error.h"
#include "espalier/generable.h"
#include "espalier/version.h"

namespace espalier {
namespace {

const Transcript conversation({Transcript::prompt("The capital of Switzerland?"),
                               Transcript::response("Zurich.")});

TEST(Feedback, HoldsWhatWasSaidAndTheConversation) {
  const Transcript desired({Transcript::response("Bern.")});
  const auto attachment = GeneratedContent::from_json(feedback_attachment(
      conversation, {.sentiment = Feedback::Sentiment::negative,
                     .issues = {{Feedback::Category::incorrect, "It is \"Bern\"."},
                                {Feedback::Category::too_verbose}},
                     .desired_output = {desired[0]}}));
  EXPECT_EQ(attachment.value<int>("version"), 1);
  EXPECT_EQ(attachment.value<std::string>("espalier"), version());
  EXPECT_EQ(attachment.value<std::string>("sentiment"), "negative");
  EXPECT_EQ(attachment.find("issues")->to_json(),
            R"([{"category":"incorrect","explanation":"It is \"Bern\"."},)"
            R"({"category":"tooVerbose"}])");
  const auto whole = GeneratedContent::from_json(conversation.to_json());
  EXPECT_EQ(*attachment.find("transcript"), *whole.find("transcript"));
  const auto wished = GeneratedContent::from_json(desired.to_json());
  EXPECT_EQ(*attachment.find("desiredOutput"), *wished.find("transcript")->find("entries"));
}

TEST(Feedback, WhatWasNotSaidIsLeftOut) {
  const auto attachment = GeneratedContent::from_json(feedback_attachment({}, {}));
  EXPECT_EQ(attachment.find("sentiment"), nullptr);
  EXPECT_EQ(attachment.find("issues"), nullptr);
  EXPECT_EQ(attachment.find("desiredOutput"), nullptr);
  EXPECT_EQ(attachment.find("transcript")->to_json(), R"({"entries":[]})");
}

TEST(Feedback, EachSentimentHasItsName) {
  using Sentiment = Feedback::Sentiment;
  const auto name = [](Sentiment sentiment) {
    return GeneratedContent::from_json(feedback_attachment({}, {.sentiment = sentiment}))
        .value<std::string>("sentiment");
  };
  EXPECT_EQ(name(Sentiment::positive), "positive");
  EXPECT_EQ(name(Sentiment::neutral), "neutral");
  EXPECT_EQ(name(Sentiment::negative), "negative");
}

TEST(Feedback, EachCategoryHasItsName) {
  using Category = Feedback::Category;
  const auto name = [](Category category) {
    const std::string json = feedback_attachment({}, {.issues = {{.category = category}}});
    return GeneratedContent::from_json(json).find("issues")->elements()[0].value<std::string>(
        "category");
  };
  EXPECT_EQ(name(Category::unhelpful), "unhelpful");
  EXPECT_EQ(name(Category::too_verbose), "tooVerbose");
  EXPECT_EQ(name(Category::did_not_follow_instructions), "didNotFollowInstructions");
  EXPECT_EQ(name(Category::incorrect), "incorrect");
  EXPECT_EQ(name(Category::stereotype_or_bias), "stereotypeOrBias");
  EXPECT_EQ(name(Category::suggestive_or_sexual), "suggestiveOrSexual");
  EXPECT_EQ(name(Category::vulgar_or_offensive), "vulgarOrOffensive");
  EXPECT_EQ(name(Category::triggered_guardrail_unexpectedly), "triggeredGuardrailUnexpectedly");
}

TEST(Feedback, TextThatIsNotUtf8IsRefused) {
  EXPECT_THROW(feedback_attachment({}, {.issues = {{Feedback::Category::incorrect, "\xFF"}}}),
               InvalidArgument);
}

}  // namespace
}  // namespace espalier
