#include "espalier/scripted_language_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "espalier/error.h"

namespace espalier {
namespace {

class ScriptedAnswerUnderWay : public LanguageModelAnswer {
 public:
  explicit ScriptedAnswerUnderWay(ScriptedAnswer script) : script_(std::move(script)) {}

  std::optional<Piece> next() override {
    if (at_ < script_.text.size()) return next_word();
    if (!script_.calls.empty()) return std::exchange(script_.calls, {});
    if (script_.error) std::rethrow_exception(script_.error);
    return std::nullopt;
  }

  FinishReason finish_reason() const override { return script_.finish_reason; }

 private:
  // A word and the blank behind it.
  std::string next_word() {
    const std::size_t blank = script_.text.find(' ', at_);
    const std::size_t end = blank == std::string::npos ? script_.text.size() : blank + 1;
    const std::size_t begin = std::exchange(at_, end);
    return script_.text.substr(begin, end - begin);
  }

  ScriptedAnswer script_;
  std::size_t at_ = 0;
};

class ScriptedExecutor : public LanguageModelExecutor {
 public:
  explicit ScriptedExecutor(std::shared_ptr<const ScriptedLanguageModel::Function> answer)
      : answer_(std::move(answer)) {}

  std::unique_ptr<LanguageModelAnswer> respond(const LanguageModelRequest& request,
                                               std::stop_token /*stop*/) override {
    return std::make_unique<ScriptedAnswerUnderWay>((*answer_)(request));
  }

 private:
  std::shared_ptr<const ScriptedLanguageModel::Function> answer_;
};

// Answers in their order, for any number of threads.
class Script {
 public:
  explicit Script(std::vector<ScriptedAnswer> answers) : answers_(std::move(answers)) {}

  ScriptedAnswer next() {
    const std::lock_guard lock(mutex_);
    if (given_ == answers_.size()) {
      throw DecodingFailure(fmt::format(
          "the script of this ScriptedLanguageModel has {} answers, and one more was asked for",
          answers_.size()));
    }
    return answers_[given_++];
  }

 private:
  std::mutex mutex_;
  std::vector<ScriptedAnswer> answers_;
  std::size_t given_ = 0;
};

}  // namespace

ScriptedLanguageModel::ScriptedLanguageModel(std::vector<ScriptedAnswer> answers)
    : ScriptedLanguageModel([script = std::make_shared<Script>(std::move(answers))](
                                const LanguageModelRequest&) { return script->next(); }) {}

ScriptedLanguageModel::ScriptedLanguageModel(Function answer)
    : answer_(std::make_shared<const Function>(std::move(answer))) {}

std::unique_ptr<LanguageModelExecutor> ScriptedLanguageModel::make_executor() {
  return std::make_unique<ScriptedExecutor>(answer_);
}

}  // namespace espalier
