#include "espalier/session.h"

#include <utility>

#include "espalier/error.h"
#include "framework/answer.h"
#include "framework/engine_access.h"
#include "framework/engine_executor.h"
#include "framework/language_model_impl.h"
#include "framework/session_state.h"
#include "framework/turn.h"
#include "text/utf8.h"

namespace espalier {
namespace {

Transcript with_instructions(std::string_view instructions) {
  Transcript transcript;
  if (!instructions.empty()) transcript.append(Transcript::instructions(instructions));
  return transcript;
}

Transcript::Entry checked(Transcript::Entry prompt) {
  if (!text::is_valid_utf8(entry_text(prompt))) {
    throw InvalidArgument("the prompt is not UTF-8: a transcript could not keep it");
  }
  return prompt;
}

}  // namespace

LanguageModelSession::LanguageModelSession(std::string_view instructions)
    : LanguageModelSession(Tools(), instructions) {}

LanguageModelSession::LanguageModelSession(Transcript transcript)
    : LanguageModelSession(Tools(), std::move(transcript)) {}

LanguageModelSession::LanguageModelSession(Tools tools, std::string_view instructions)
    : LanguageModelSession(SystemLanguageModel::default_model(), std::move(tools), instructions) {}

LanguageModelSession::LanguageModelSession(Tools tools, Transcript transcript)
    : LanguageModelSession(SystemLanguageModel::default_model(), std::move(tools),
                           std::move(transcript)) {}

LanguageModelSession::LanguageModelSession(std::shared_ptr<LanguageModel> model,
                                           std::string_view instructions)
    : LanguageModelSession(std::move(model), Tools(), instructions) {}

LanguageModelSession::LanguageModelSession(std::shared_ptr<LanguageModel> model,
                                           Transcript transcript)
    : LanguageModelSession(std::move(model), Tools(), std::move(transcript)) {}

LanguageModelSession::LanguageModelSession(std::shared_ptr<LanguageModel> model, Tools tools,
                                           std::string_view instructions)
    : LanguageModelSession(std::move(model), std::move(tools), with_instructions(instructions)) {}

LanguageModelSession::LanguageModelSession(std::shared_ptr<LanguageModel> model, Tools tools,
                                           Transcript transcript)
    : state_(std::make_shared<framework::SessionState>(std::move(model), std::move(tools),
                                                       std::move(transcript))) {}

LanguageModelSession::LanguageModelSession(LanguageModelSession&&) noexcept = default;
LanguageModelSession& LanguageModelSession::operator=(LanguageModelSession&&) noexcept = default;
LanguageModelSession::~LanguageModelSession() = default;

Response<> LanguageModelSession::respond(const Prompt& prompt, const GenerationOptions& options,
                                         std::stop_token stop) {
  return stream_response(prompt, options, std::move(stop)).collect();
}

Response<GeneratedContent> LanguageModelSession::respond(const Prompt& prompt,
                                                         const GenerationSchema& schema,
                                                         const GenerationOptions& options,
                                                         std::stop_token stop) {
  return stream_response(prompt, schema, options, std::move(stop)).collect();
}

ResponseStream<> LanguageModelSession::stream_response(const Prompt& prompt,
                                                       const GenerationOptions& options,
                                                       std::stop_token stop) {
  return ResponseStream<>(begin(Transcript::prompt(prompt.segments(), options), std::move(stop)));
}

ResponseStream<GeneratedContent> LanguageModelSession::stream_response(
    const Prompt& prompt, const GenerationSchema& schema, const GenerationOptions& options,
    std::stop_token stop) {
  return ResponseStream<GeneratedContent>(
      begin(Transcript::prompt(prompt.segments(), schema, options), std::move(stop)));
}

std::future<Response<>> LanguageModelSession::respond_async(const Prompt& prompt,
                                                            const GenerationOptions& options,
                                                            std::stop_token stop) {
  return stream_async(prompt, nullptr, options, std::move(stop));
}

std::future<Response<GeneratedContent>> LanguageModelSession::respond_async(
    const Prompt& prompt, const GenerationSchema& schema, const GenerationOptions& options,
    std::stop_token stop) {
  return stream_async(prompt, schema, nullptr, options, std::move(stop));
}

std::future<Response<>> LanguageModelSession::stream_async(const Prompt& prompt,
                                                           SnapshotHandler<> on_snapshot,
                                                           const GenerationOptions& options,
                                                           std::stop_token stop) {
  return detail::collect_async(
      ResponseStream<>(
          begin_later(Transcript::prompt(prompt.segments(), options), std::move(stop))),
      std::move(on_snapshot));
}

std::future<Response<GeneratedContent>> LanguageModelSession::stream_async(
    const Prompt& prompt, const GenerationSchema& schema,
    SnapshotHandler<GeneratedContent> on_snapshot, const GenerationOptions& options,
    std::stop_token stop) {
  return detail::collect_async(
      ResponseStream<GeneratedContent>(
          begin_later(Transcript::prompt(prompt.segments(), schema, options), std::move(stop))),
      std::move(on_snapshot));
}

detail::AnswerReader LanguageModelSession::begin(Transcript::Entry prompt, std::stop_token stop,
                                                 detail::AnswerCheck check) {
  auto answer = std::make_shared<framework::Answer>(state_, checked(std::move(prompt)),
                                                    std::move(stop), check);
  answer->begin();
  return detail::AnswerReader(std::move(answer));
}

detail::AnswerReader LanguageModelSession::begin_later(Transcript::Entry prompt,
                                                       std::stop_token stop,
                                                       detail::AnswerCheck check) {
  return detail::AnswerReader(std::make_shared<framework::Answer>(
      state_, checked(std::move(prompt)), std::move(stop), check));
}

void LanguageModelSession::prewarm(std::string_view prompt_prefix) {
  const framework::Claim claim(*state_);
  Transcript beginning = state_->transcript;
  if (!prompt_prefix.empty()) beginning.append(checked(Transcript::prompt(prompt_prefix)));
  state_->executor->prewarm(beginning);
}

void LanguageModelSession::prewarm(std::string_view prompt_prefix, const GenerationSchema& schema,
                                   const GenerationOptions& options) {
  const framework::Claim claim(*state_);
  Transcript beginning = state_->transcript;
  beginning.append(checked(Transcript::prompt(prompt_prefix, schema, options)));
  state_->executor->prewarm(beginning);
}

LanguageModelSession LanguageModelSession::with(Transcript transcript) const {
  return LanguageModelSession(state_->model, state_->tools.tools(), std::move(transcript));
}

bool LanguageModelSession::is_responding() const noexcept { return state_->responding; }

Transcript LanguageModelSession::transcript() const {
  const std::lock_guard lock(state_->mutex);
  return state_->transcript;
}

namespace framework {

SystemLanguageModel EngineAccess::open(const std::filesystem::path& wish,
                                       const RuntimeOptions& options) {
  return SystemLanguageModel(
      std::make_shared<SystemLanguageModel::Impl>(std::make_shared<ModelLoader>(wish, options)));
}

std::shared_ptr<ModelRuntime> EngineAccess::runtime(const SystemLanguageModel& model) {
  return model.impl_->runtime();
}

ResponseStream<> EngineAccess::stream(LanguageModelSession& session, std::string_view prompt,
                                      const TurnSettings& settings, std::stop_token stop) {
  const auto ask = [settings](LanguageModelExecutor& executor, const LanguageModelRequest& request,
                              std::stop_token its_stop) {
    return dynamic_cast<EngineExecutor&>(executor).respond(request, settings, std::move(its_stop));
  };
  auto answer = std::make_shared<Answer>(session.state_, Transcript::prompt(prompt),
                                         std::move(stop), nullptr, ask);
  answer->begin();
  return ResponseStream<>(detail::AnswerReader(std::move(answer)));
}

}  // namespace framework
}  // namespace espalier
