#include "espalier/scripted_language_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "espalier/error.h"
#include "espalier/generable.h"
#include "espalier/session.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::shared_ptr<LanguageModel> script(std::vector<ScriptedAnswer> answers) {
  return std::make_shared<ScriptedLanguageModel>(std::move(answers));
}

TEST(ScriptedLanguageModel, GivesItsAnswersInOrderAndThenSaysThatThereAreNoMore) {
  LanguageModelSession session(script({{.text = "One."}, {.text = "Two."}}), "Count.");
  EXPECT_EQ(session.respond("First").content, "One.");
  EXPECT_EQ(session.respond("Second").content, "Two.");
  const Transcript before = session.transcript();
  EXPECT_EQ(before.size(), 5U);
  try {
    session.respond("Third");
    FAIL() << "it answered";
  } catch (const DecodingFailure& error) {
    EXPECT_THAT(error.what(), HasSubstr("2 answers"));
  }
  EXPECT_EQ(session.transcript(), before);
  EXPECT_FALSE(session.is_responding());
}

TEST(ScriptedLanguageModel, SnapshotsComeWordByWord) {
  LanguageModelSession session(script({{.text = "A b  c"}}));
  std::vector<std::string> seen;
  for (const auto& snapshot : session.stream_response("Go")) seen.push_back(snapshot.content);
  EXPECT_THAT(seen, ElementsAre("A ", "A b ", "A b  ", "A b  c"));
}

TEST(ScriptedLanguageModel, AFunctionSeesTheWholeRequest) {
  const GenerationOptions options = {.temperature = 0.5};
  const GenerationSchema schema = GenerationSchema::of<int>();
  std::vector<LanguageModelRequest> requests;
  LanguageModelSession session(
      std::make_shared<ScriptedLanguageModel>([&](const LanguageModelRequest& request) {
        requests.push_back(request);
        return ScriptedAnswer{.text = request.schema ? "7" : "seven"};
      }),
      "Count.");
  EXPECT_EQ(session.respond("Hello", options).content, "seven");
  EXPECT_EQ(session.respond("And as a number?", schema).content.value<int>(), 7);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].options, options);
  EXPECT_FALSE(requests[0].schema);
  EXPECT_EQ(requests[0].transcript.size(), 2U);
  EXPECT_EQ(requests[1].schema, schema);
  EXPECT_EQ(requests[1].transcript.size(), 4U);
  EXPECT_EQ(entry_text(*std::prev(requests[1].transcript.end())), "And as a number?");
}

TEST(ScriptedLanguageModel, ItsErrorsUndoTheTurn) {
  const auto error = std::make_exception_ptr(std::runtime_error("the line is dead"));
  LanguageModelSession session(script({{.text = "Half", .error = error}, {.text = "Whole"}}));
  ResponseStream stream = session.stream_response("Hello");
  std::vector<std::string> seen;
  EXPECT_THROW(
      {
        for (const auto& snapshot : stream) seen.push_back(snapshot.content);
      },
      std::runtime_error);
  EXPECT_THAT(seen, ElementsAre("Half"));
  EXPECT_TRUE(session.transcript().empty());
  EXPECT_EQ(session.respond("Again").content, "Whole");
}

TEST(ScriptedLanguageModel, AnAnswerMayBeCut) {
  LanguageModelSession session(
      script({{.text = R"({"a": [1, 2)", .finish_reason = FinishReason::incomplete}}));
  const auto response = session.respond("Go", GenerationSchema::from_json("{}"));
  EXPECT_FALSE(response.is_complete);
  EXPECT_FALSE(response.content.is_complete());
  EXPECT_EQ(response.content.find("a")->elements().size(), 1U);
}

TEST(ScriptedLanguageModel, AStopTokenEndsAnAnswer) {
  LanguageModelSession session(script({{.text = "A b c"}, {.text = "D"}}));
  std::stop_source stop;
  ResponseStream stream = session.stream_response("Go", {}, stop.get_token());
  EXPECT_THROW(
      {
        for ([[maybe_unused]] const auto& snapshot : stream) stop.request_stop();
      },
      Cancelled);
  EXPECT_FALSE(session.is_responding());
  EXPECT_EQ(session.respond("Again").content, "D");
  EXPECT_EQ(session.transcript().size(), 2U);
}

// A back end of an app's own, which keeps what a session asked of it.
struct OwnModel : LanguageModel {
  struct Answer : LanguageModelAnswer {
    std::optional<Piece> next() override {
      if (given) return std::nullopt;
      given = true;
      return "Half of it";
    }
    FinishReason finish_reason() const override { return FinishReason::incomplete; }
    Usage usage() const override { return {11, 5, 3}; }
    std::vector<std::int32_t> token_ids(const std::vector<Transcript::Entry>&) const override {
      return {4, 2};
    }
    bool given = false;
  };
  struct Executor : LanguageModelExecutor {
    explicit Executor(OwnModel& its_model) : model(its_model) {}
    std::unique_ptr<LanguageModelAnswer> respond(const LanguageModelRequest& request,
                                                 std::stop_token stop) override {
      model.request = request;
      model.stop = std::move(stop);
      return std::make_unique<Answer>();
    }
    void prewarm(const Transcript& beginning) override {
      model.prewarmed = entry_text(beginning.front()) + " " + entry_text(beginning.back());
    }
    OwnModel& model;
  };
  std::unique_ptr<LanguageModelExecutor> make_executor() override {
    ++executors;
    return std::make_unique<Executor>(*this);
  }
  int executors = 0;
  std::optional<LanguageModelRequest> request;
  std::stop_token stop;
  std::string prewarmed;
};

TEST(LanguageModelExecutor, AnyBackEndMayStandBehindASession) {
  const auto model = std::make_shared<OwnModel>();
  LanguageModelSession session(model, "Be brief."), other(model);
  EXPECT_EQ(model->executors, 2) << "each session has one of its own";
  session.prewarm("Tell me");
  EXPECT_EQ(model->prewarmed, "Be brief. Tell me");
  std::stop_source stop;
  const GenerationOptions options = {.temperature = 0.5, .maximum_response_tokens = 3};
  const Response<> response = session.respond("Tell me all", options, stop.get_token());
  EXPECT_EQ(model->request->transcript.size(), 2U);
  EXPECT_EQ(model->request->options, options);
  EXPECT_FALSE(model->stop.stop_requested());
  stop.request_stop();
  EXPECT_TRUE(model->stop.stop_requested());
  EXPECT_EQ(response.content, "Half of it");
  EXPECT_EQ(response.finish_reason, FinishReason::incomplete);
  EXPECT_FALSE(response.is_complete);
  EXPECT_EQ(response.usage.prompt_tokens, 11U);
  EXPECT_EQ(response.usage.cached_tokens, 5U);
  EXPECT_EQ(response.usage.response_tokens, 3U);
  const Transcript transcript = session.transcript();
  EXPECT_EQ(std::get<Transcript::Response>(transcript[2]).token_ids,
            (std::vector<std::int32_t>{4, 2}));
}

TEST(Session, NeedsAModel) {
  EXPECT_THROW(LanguageModelSession(std::shared_ptr<LanguageModel>()), InvalidArgument);
}

TEST(Refusal, IsTheAnswerToARequestForPlainText) {
  const auto refuses = [](std::string text) {
    return std::make_shared<ScriptedLanguageModel>(std::vector<ScriptedAnswer>{
        {.text = std::move(text), .error = std::make_exception_ptr(Refusal("I would rather not."))},
        {.text = "Fine."}});
  };
  LanguageModelSession session(refuses(""));
  const Response<> response = session.respond("Do it.");
  EXPECT_EQ(response.content, "I would rather not.");
  EXPECT_TRUE(response.is_complete);
  EXPECT_EQ(entry_text(session.transcript()[1]), "I would rather not.");
  EXPECT_EQ(session.respond("Then this.").content, "Fine.");

  LanguageModelSession halfway(refuses("Well, "));
  EXPECT_EQ(halfway.respond("Do it.").content, "Well, \n\nI would rather not.");
}

// The example of language_model_executor.h.
struct EchoAnswer : LanguageModelAnswer {
  explicit EchoAnswer(std::string text) : text_(std::move(text)) {}
  std::optional<Piece> next() override { return std::exchange(text_, std::nullopt); }
  std::optional<std::string> text_;
};
struct EchoExecutor : LanguageModelExecutor {
  std::unique_ptr<LanguageModelAnswer> respond(const LanguageModelRequest& request,
                                               std::stop_token) override {
    return std::make_unique<EchoAnswer>(entry_text(request.transcript.back()));
  }
};
struct Echo : LanguageModel {
  std::unique_ptr<LanguageModelExecutor> make_executor() override {
    return std::make_unique<EchoExecutor>();
  }
};

TEST(LanguageModelExecutor, MayBeOnesOwn) {
  LanguageModelSession session(std::make_shared<Echo>());
  EXPECT_EQ(session.respond("Hello.").content, "Hello.");
  EXPECT_EQ(session.respond<int>("7").content, 7);
  EXPECT_THROW(session.respond<int>("seven"), DecodingFailure);
  EXPECT_NO_THROW(session.prewarm());
  EXPECT_EQ(session.transcript().size(), 4U);
}

TEST(Refusal, KeepsItsType) {
  struct Polite : Refusal {
    Polite() : Refusal("Please, no.") {}
  };
  LanguageModelSession session(std::make_shared<ScriptedLanguageModel>(
      [](const LanguageModelRequest&) -> ScriptedAnswer { throw Polite(); }));
  EXPECT_THROW(session.respond<int>("Do it."), Polite);
}

TEST(Refusal, IsThrownUnderASchema) {
  const auto model = std::make_shared<ScriptedLanguageModel>(
      [](const LanguageModelRequest&) -> ScriptedAnswer { throw Refusal("I would rather not."); });
  LanguageModelSession session(model);
  EXPECT_EQ(session.respond("Do it.").content, "I would rather not.") << "before it began, too";
  const Transcript before = session.transcript();
  try {
    session.respond("Do it.", GenerationSchema::of<int>());
    FAIL() << "answered";
  } catch (const Refusal& refusal) {
    EXPECT_EQ(refusal.code(), ErrorCode::refusal);
    EXPECT_STREQ(refusal.what(), "I would rather not.");
  }
  EXPECT_EQ(session.transcript(), before);
}

}  // namespace
}  // namespace espalier
