#include "espalier/guardrails.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "espalier/espalier.h"
#include "framework/content_tagging.h"
#include "framework/fixture_testing.h"

namespace guardrails_test {
struct City {
  std::string name;
};
}  // namespace guardrails_test
ESPALIER_GENERABLE(guardrails_test::City, name);

namespace espalier {
namespace {

using guardrails_test::City;
using ::testing::HasSubstr;
using Origin = ContentClassifier::Origin;

std::shared_ptr<const ContentClassifier> no_fish() {
  return std::make_shared<PhraseClassifier>(std::vector<std::string>{"raw fish"});
}

std::shared_ptr<LanguageModel> says(std::string text) {
  return std::make_shared<ScriptedLanguageModel>(
      [text = std::move(text)](const LanguageModelRequest&) {
        return ScriptedAnswer{.text = text};
      });
}

template <class Work>
std::string violation(const Work& work) {
  try {
    work();
  } catch (const GuardrailViolation& error) {
    EXPECT_EQ(error.code(), ErrorCode::guardrail_violation);
    return error.what();
  }
  return "none";
}

TEST(PhraseClassifier, FindsWholeWordsInTheirOrder) {
  const auto classifier = no_fish();
  for (const char* text : {"raw fish", "RAW\n  fish!", "I eat (raw-fish), daily", "raw fish's"}) {
    const bool is_genitive = std::string(text).ends_with("'s");  // another word
    EXPECT_EQ(classifier->violation(text, Origin::prompt).has_value(), !is_genitive) << text;
  }
  for (const char* text : {"", "fish raw", "raw fishes", "draw fish", "raw or fish", "räw fish"}) {
    EXPECT_EQ(classifier->violation(text, Origin::prompt), std::nullopt) << text;
  }
  EXPECT_THROW(PhraseClassifier({"!"}), InvalidArgument);
}

TEST(Guardrails, APromptIsRefusedBeforeAnythingIsGenerated) {
  int asked = 0;
  const auto model = std::make_shared<ScriptedLanguageModel>([&](const LanguageModelRequest&) {
    ++asked;
    return ScriptedAnswer{.text = "Fine."};
  });
  LanguageModelSession session(guarded(model, no_fish()), "Speak of raw fish.");
  EXPECT_THAT(violation([&] { session.respond("Is raw fish good?"); }), HasSubstr("raw fish"));
  EXPECT_THAT(violation([&] { session.stream_response("Raw fish?"); }), HasSubstr("the prompt"));
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(session.transcript().size(), 1U) << "nothing is kept but the instructions";
  EXPECT_EQ(session.respond("Is it good?").content, "Fine.") << "instructions are not checked";
}

TEST(Guardrails, AnAnswerIsStoppedAndUndone) {
  LanguageModelSession session(guarded(says("They eat raw fish there."), no_fish()));
  EXPECT_THAT(violation([&] { session.respond("What do they eat?"); }), HasSubstr("the answer"));
  EXPECT_TRUE(session.transcript().empty());
  EXPECT_FALSE(session.is_responding());
}

// Within guardrail_interval bytes of the phrase, not at the end of a long answer.
TEST(Guardrails, ALongStreamStopsSoon) {
  std::string text = "raw fish ";
  while (text.size() < 10 * guardrail_interval) text += "and more ";
  LanguageModelSession session(guarded(says(text), no_fish()));
  std::size_t shown = 0;
  EXPECT_THAT(violation([&] {
                for (const auto& snapshot : session.stream_response("Go on.")) {
                  shown = snapshot.content.size();
                }
              }),
              HasSubstr("raw fish"));
  EXPECT_GT(shown, 0U);
  EXPECT_LE(shown, guardrail_interval);
}

TEST(Guardrails, ThePermissiveSettingIsForPlainTextOnly) {
  const auto permissive = Guardrails::permissive_content_transformations;
  LanguageModelSession text(guarded(says("Raw fish, in short."), no_fish(), permissive));
  EXPECT_EQ(text.respond("Shorten: they eat raw fish.").content, "Raw fish, in short.");
  LanguageModelSession typed(guarded(says(R"({"name":"Raw Fish"})"), no_fish(), permissive));
  EXPECT_THAT(violation([&] { typed.respond<City>("Raw fish"); }), HasSubstr("the prompt"));
  EXPECT_THAT(violation([&] { typed.respond<City>("Which city?"); }), HasSubstr("the answer"));
}

TEST(Guardrails, OtherTroubleKeepsItsName) {
  const auto fails = [](const auto& error) {
    return guarded(std::make_shared<ScriptedLanguageModel>(
        std::vector<ScriptedAnswer>{{.error = std::make_exception_ptr(error)}}));
  };
  EXPECT_THROW(LanguageModelSession(fails(UnsupportedLanguageOrLocale("no Latin"))).respond("Ave"),
               UnsupportedLanguageOrLocale);
  EXPECT_THROW(LanguageModelSession(fails(AssetsUnavailable("gone"))).respond("Hi"),
               AssetsUnavailable);
  EXPECT_THROW(LanguageModelSession(fails(RateLimited("later"))).respond("Hi"), RateLimited);
}

TEST(Guardrails, NeedAModelAndAClassifier) {
  EXPECT_THROW(guarded(nullptr), InvalidArgument);
  EXPECT_THROW(guarded(says("x"), nullptr), InvalidArgument);
}

TEST(Guardrails, ASystemModelHasItsOwnClassifierOrTheStandardOne) {
  const SystemLanguageModel standard(framework::testing::fixture);
  EXPECT_THAT(violation([&] { LanguageModelSession(standard).respond("How to make a bomb?"); }),
              HasSubstr("how to make a bomb"));
  const SystemLanguageModel own = standard.with({.classifier = no_fish()});
  EXPECT_THAT(violation([&] { LanguageModelSession(own).respond("Raw fish"); }),
              HasSubstr("raw fish"));
  LanguageModelSession session(own);
  EXPECT_NO_THROW(session.respond("How to make a bomb?", {.maximum_response_tokens = 2}));
}

TEST(Guardrails, ASystemModelMayBePermissive) {
  const auto permissive = Guardrails::permissive_content_transformations;
  const SystemLanguageModel model(framework::testing::fixture,
                                  {.guardrails = permissive, .classifier = no_fish()});
  LanguageModelSession session(model);
  EXPECT_NO_THROW(session.respond("Shorten: raw fish.", {.maximum_response_tokens = 2}));
  EXPECT_THAT(violation([&] { session.respond<City>("Raw fish"); }), HasSubstr("the prompt"));
}

// A model that keeps what it was asked.
class Tagged {
 public:
  Tagged()
      : executor_(framework::tagging(ScriptedLanguageModel([this](const auto& request) {
                                       request_ = request;
                                       return ScriptedAnswer{.text = R"({"tags":["pears"]})"};
                                     }).make_executor())) {}

  const LanguageModelRequest& asked(Transcript transcript,
                                    std::optional<GenerationSchema> schema = std::nullopt) {
    executor_->respond({.transcript = std::move(transcript), .options = {}, .schema = schema}, {});
    return *request_;
  }

 private:
  std::optional<LanguageModelRequest> request_;
  std::unique_ptr<LanguageModelExecutor> executor_;
};

TEST(ContentTagging, BringsItsInstructionsAndSchemaWhereThereAreNone) {
  Tagged tagged;
  const Transcript prompt({Transcript::prompt("Pears on a wall.")});
  const LanguageModelRequest first = tagged.asked(prompt);
  ASSERT_EQ(first.transcript.size(), 2U);
  EXPECT_THAT(entry_text(first.transcript[0]), HasSubstr("keywords"));
  EXPECT_EQ(first.schema, GenerationSchema::of<ContentTags>());
  EXPECT_EQ(tagged.asked(prompt).transcript, first.transcript) << "the KV cache is of use";

  const auto tags = GenerationSchema::of<ContentTags>();
  const Transcript shown({Transcript::prompt("Pears on a wall.", tags)});
  const LanguageModelRequest hidden = tagged.asked(shown, tags);
  EXPECT_FALSE(std::get<Transcript::Prompt>(hidden.transcript[1]).options.include_schema_in_prompt);

  const Transcript own({Transcript::instructions("Name feelings."), Transcript::prompt("Pears.")});
  const GenerationSchema schema = GenerationSchema::of<City>();
  EXPECT_EQ(tagged.asked(own, schema).transcript, own);
  EXPECT_EQ(tagged.asked(own, schema).schema, schema);
}

TEST(ContentTagging, AnAnswerIsTags) {
  const SystemLanguageModel model(framework::testing::fixture,
                                  {.use_case = UseCase::content_tagging});
  LanguageModelSession session(model);
  const auto response = session.respond<ContentTags>("Pears on a wall.");
  if (response.is_complete) {
    EXPECT_GE(response.content.tags.size(), 1U);
    EXPECT_LE(response.content.tags.size(), 5U);
  }
  const std::string text = session.respond("Pears.", {.maximum_response_tokens = 200}).content;
  EXPECT_TRUE(text.starts_with(R"({"tags":[")")) << text;
  EXPECT_EQ(session.transcript().size(), 4U) << "the use case's instructions are not the app's";
}

}  // namespace
}  // namespace espalier
