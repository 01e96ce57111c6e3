#include "framework/engine_executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "espalier/error.h"
#include "framework/engine_access.h"
#include "framework/engine_answer.h"
#include "framework/schema_access.h"
#include "framework/tool_grammar.h"

namespace espalier::framework {
namespace {

void check_room(const ModelRuntime& runtime, std::size_t tokens) {
  if (tokens <= runtime.context()) return;
  throw ExceededContextWindowSize(
      fmt::format("the conversation with this prompt and one token of answer has {} tokens; the "
                  "context window holds {}: shorten the prompt or start a new session",
                  tokens, runtime.context()),
      tokens, runtime.context());
}

}  // namespace

EngineExecutor::EngineExecutor(SystemLanguageModel model) : model_(std::move(model)) {}

EngineExecutor::~EngineExecutor() {
  if (ticket_) runtime_->park().take(*ticket_);
}

ModelRuntime& EngineExecutor::runtime() {
  if (!runtime_) runtime_ = EngineAccess::runtime(model_);
  return *runtime_;
}

std::unique_ptr<LanguageModelAnswer> EngineExecutor::respond(const LanguageModelRequest& request,
                                                             std::stop_token stop) {
  TurnSettings settings = turn_settings(request.options);
  ModelRuntime& runtime = this->runtime();
  const GenerationSchema* const schema = request.schema ? &*request.schema : nullptr;
  const ToolCallingMode mode = request.options.tool_calling_mode;
  std::optional<CallReader> calls;
  if (!request.tools.empty() && (schema == nullptr || mode != ToolCallingMode::disallowed)) {
    settings.guide =
        runtime.grammar_guide(tool_grammar(runtime.tool_style(), request.tools, schema, mode));
    if (mode != ToolCallingMode::disallowed) calls.emplace(runtime.tool_style(), schema != nullptr);
  } else if (schema != nullptr) {
    settings.guide = SchemaAccess::guide(*schema, runtime.tokenizer().missing_bytes());
  }
  return begin(request, settings, std::move(calls), std::move(stop));
}

std::unique_ptr<LanguageModelAnswer> EngineExecutor::respond(const LanguageModelRequest& request,
                                                             const TurnSettings& settings,
                                                             std::stop_token stop) {
  return begin(request, settings, std::nullopt, std::move(stop));
}

std::unique_ptr<LanguageModelAnswer> EngineExecutor::begin(const LanguageModelRequest& request,
                                                           const TurnSettings& settings,
                                                           std::optional<CallReader> calls,
                                                           std::stop_token stop) {
  ModelRuntime& runtime = this->runtime();
  engine::validate(settings.sampling);
  std::vector<base::TokenId> ids = conversation_.write(runtime, request.transcript);
  runtime.format().append_generation_prompt(runtime.tokenizer(), ids);
  check_room(runtime, ids.size() + 1);
  return std::make_unique<EngineAnswer>(*this, ids, settings, std::move(calls), std::move(stop));
}

void EngineExecutor::prewarm(const Transcript& beginning) {
  ModelRuntime& runtime = this->runtime();
  const std::vector<base::TokenId>& ids = conversation_.write(runtime, beginning);
  check_room(runtime, ids.size() + 1);
  if (ids.empty()) return;
  engine::Sequence sequence = take_sequence(ids);
  engine::StepOutput unused;
  const auto step = [&] {
    return runtime.engine().step(
        {{.sequence = &sequence, .tokens = std::span(ids).subspan(sequence.length())}}, unused);
  };
  // Where others hold all pages, there is nothing to gain here, and nothing to report.
  if (step() == engine::StepStatus::cache_full && runtime.park().clear()) step();
  park_sequence(std::move(sequence));
}

engine::Sequence EngineExecutor::take_sequence(const std::vector<base::TokenId>& ids) {
  std::optional<engine::Sequence> parked;
  if (const auto waiting = std::exchange(ticket_, std::nullopt)) {
    parked = runtime_->park().take(*waiting);
  }
  engine::Sequence sequence = parked ? std::move(*parked) : runtime_->engine().new_sequence();
  const auto keys = sequence.keys();
  const std::size_t most = std::min(keys.size(), ids.size() - 1);
  std::size_t common = 0;
  while (common < most && keys[common] == engine::position_key(ids[common])) ++common;
  sequence.truncate(common);
  // What another session of this model began with as well, instructions above all.
  if (common == 0) runtime_->engine().reuse_prefix(sequence, ids);
  return sequence;
}

void EngineExecutor::park_sequence(engine::Sequence sequence) {
  ticket_ = runtime_->park().park(std::move(sequence));
}

}  // namespace espalier::framework
