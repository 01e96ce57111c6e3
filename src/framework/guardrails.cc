#include "framework/guardrails.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "espalier/error.h"

namespace espalier {
namespace {

// " how to build a bomb ": words in lower case, one blank between them and around all.
std::string words_of(std::string_view text) {
  std::string words = " ";
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool in_word = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    if (in_word || static_cast<unsigned char>(c) >= 0x80) {
      words += lower;
    } else if (c != '\'' && words.back() != ' ') {  // don't is one word
      words += ' ';
    }
  }
  if (words.back() != ' ') words += ' ';
  return words;
}

class GuardedAnswer : public LanguageModelAnswer {
 public:
  GuardedAnswer(std::unique_ptr<LanguageModelAnswer> answer,
                std::shared_ptr<const ContentClassifier> classifier)
      : answer_(std::move(answer)), classifier_(std::move(classifier)) {}

  std::optional<Piece> next() override {
    std::optional<Piece> piece = answer_->next();
    const auto* text = piece ? std::get_if<std::string>(&*piece) : nullptr;
    if (text != nullptr) text_ += *text;
    if (text_.size() >= checked_ + guardrail_interval || (!piece && text_.size() > checked_)) {
      check();
    }
    return piece;
  }

  FinishReason finish_reason() const override { return answer_->finish_reason(); }
  Usage usage() const override { return answer_->usage(); }
  std::vector<std::int32_t> token_ids(
      const std::vector<Transcript::Entry>& entries) const override {
    return answer_->token_ids(entries);
  }

 private:
  void check() {
    checked_ = text_.size();
    if (const auto fault = classifier_->violation(text_, ContentClassifier::Origin::response)) {
      throw GuardrailViolation(
          fmt::format("the answer was stopped: {}; nothing of it is kept", *fault));
    }
  }

  std::unique_ptr<LanguageModelAnswer> answer_;
  std::shared_ptr<const ContentClassifier> classifier_;
  std::string text_;
  std::size_t checked_ = 0;
};

class GuardedExecutor : public LanguageModelExecutor {
 public:
  GuardedExecutor(std::unique_ptr<LanguageModelExecutor> executor,
                  std::shared_ptr<const ContentClassifier> classifier, Guardrails guardrails)
      : executor_(std::move(executor)),
        classifier_(std::move(classifier)),
        guardrails_(guardrails) {}

  std::unique_ptr<LanguageModelAnswer> respond(const LanguageModelRequest& request,
                                               std::stop_token stop) override {
    if (guardrails_ == Guardrails::permissive_content_transformations && !request.schema) {
      return executor_->respond(request, std::move(stop));
    }
    check_prompt(request.transcript);
    return std::make_unique<GuardedAnswer>(executor_->respond(request, std::move(stop)),
                                           classifier_);
  }

  void prewarm(const Transcript& beginning) override { executor_->prewarm(beginning); }

  bool is_guided() const noexcept override { return executor_->is_guided(); }

 private:
  // Behind the outputs of tools stands no new prompt.
  void check_prompt(const Transcript& transcript) const {
    if (transcript.empty()) return;
    const Transcript::Entry& last = *std::prev(transcript.end());
    if (!std::holds_alternative<Transcript::Prompt>(last)) return;
    const auto fault = classifier_->violation(entry_text(last), ContentClassifier::Origin::prompt);
    if (fault) throw GuardrailViolation(fmt::format("the prompt was refused: {}", *fault));
  }

  std::unique_ptr<LanguageModelExecutor> executor_;
  std::shared_ptr<const ContentClassifier> classifier_;
  Guardrails guardrails_;
};

class GuardedModel : public LanguageModel {
 public:
  GuardedModel(std::shared_ptr<LanguageModel> model,
               std::shared_ptr<const ContentClassifier> classifier, Guardrails guardrails)
      : model_(std::move(model)), classifier_(std::move(classifier)), guardrails_(guardrails) {}

  std::unique_ptr<LanguageModelExecutor> make_executor() override {
    return framework::guarded(model_->make_executor(), classifier_, guardrails_);
  }

 private:
  std::shared_ptr<LanguageModel> model_;
  std::shared_ptr<const ContentClassifier> classifier_;
  Guardrails guardrails_;
};

}  // namespace

ContentClassifier::~ContentClassifier() = default;

PhraseClassifier::PhraseClassifier(const std::vector<std::string>& phrases) {
  for (const std::string& phrase : phrases) {
    phrases_.push_back(words_of(phrase));
    if (phrases_.back() == " ") {
      throw InvalidArgument(fmt::format("the phrase \"{}\" has no word to look for", phrase));
    }
  }
}

std::optional<std::string> PhraseClassifier::violation(std::string_view text, Origin) const {
  const std::string words = words_of(text);
  for (const std::string& phrase : phrases_) {
    if (words.find(phrase) == std::string::npos) continue;
    return fmt::format("it says \"{}\"", phrase.substr(1, phrase.size() - 2));
  }
  return std::nullopt;
}

std::shared_ptr<const ContentClassifier> standard_classifier() {
  static const auto classifier = std::make_shared<const PhraseClassifier>(std::vector<std::string>{
      "how to kill myself", "ways to kill myself", "best way to kill myself",
      "how to commit suicide", "how do I commit suicide", "how to build a bomb",
      "how to make a bomb", "how to build a pipe bomb", "how to make a pipe bomb",
      "how to make a nerve agent", "how to make sarin", "how to build a dirty bomb",
      "how to make a biological weapon", "how to poison someone", "sexual story about a child",
      "sexual stories about children"});
  return classifier;
}

std::shared_ptr<LanguageModel> guarded(std::shared_ptr<LanguageModel> model,
                                       std::shared_ptr<const ContentClassifier> classifier,
                                       Guardrails guardrails) {
  if (!model || !classifier) {
    throw InvalidArgument(model ? "guarded: there is no classifier" : "guarded: there is no model");
  }
  return std::make_shared<GuardedModel>(std::move(model), std::move(classifier), guardrails);
}

namespace framework {

std::unique_ptr<LanguageModelExecutor> guarded(std::unique_ptr<LanguageModelExecutor> executor,
                                               std::shared_ptr<const ContentClassifier> classifier,
                                               Guardrails guardrails) {
  return std::make_unique<GuardedExecutor>(std::move(executor), std::move(classifier), guardrails);
}

}  // namespace framework
}  // namespace espalier
