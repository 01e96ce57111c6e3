// The engine behind a session: the session's tokens and KV cache between its requests.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "engine/sequence.h"
#include "espalier/language_model.h"
#include "espalier/language_model_executor.h"
#include "framework/call_reader.h"
#include "framework/conversation.h"
#include "framework/generation_settings.h"
#include "framework/model_runtime.h"

namespace espalier::framework {

class EngineExecutor : public LanguageModelExecutor {
 public:
  // Loads the model with the first request.
  explicit EngineExecutor(SystemLanguageModel model);
  ~EngineExecutor() override;

  // Throw what LanguageModelSession::respond() does before it generates.
  std::unique_ptr<LanguageModelAnswer> respond(const LanguageModelRequest& request,
                                               std::stop_token stop) override;
  // With settings that the request's options cannot say, and without calls of tools.
  std::unique_ptr<LanguageModelAnswer> respond(const LanguageModelRequest& request,
                                               const TurnSettings& settings, std::stop_token stop);

  void prewarm(const Transcript& beginning) override;
  bool is_guided() const noexcept override { return true; }

 private:
  friend class EngineAnswer;

  ModelRuntime& runtime();
  std::unique_ptr<LanguageModelAnswer> begin(const LanguageModelRequest& request,
                                             const TurnSettings& settings,
                                             std::optional<CallReader> calls, std::stop_token stop);
  // The sequence, cut to the longest prefix that it has in common with `ids`, of which it leaves at
  // least one to compute.
  engine::Sequence take_sequence(const std::vector<base::TokenId>& ids);
  void park_sequence(engine::Sequence sequence);

  const SystemLanguageModel model_;
  std::shared_ptr<ModelRuntime> runtime_;  // null until the first request
  Conversation conversation_;
  std::optional<SequencePark::Ticket> ticket_;
};

}  // namespace espalier::framework
