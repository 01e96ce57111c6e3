// One answer of the engine.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/token.h"
#include "engine/generation.h"
#include "engine/sequence.h"
#include "espalier/language_model_executor.h"
#include "framework/call_reader.h"
#include "framework/engine_executor.h"

namespace espalier::framework {

class EngineAnswer : public LanguageModelAnswer {
 public:
  // `ids` are those of the conversation up to where the answer begins. `calls` is for an answer
  // that may be calls.
  EngineAnswer(EngineExecutor& executor, const std::vector<base::TokenId>& ids,
               const TurnSettings& settings, std::optional<CallReader> calls, std::stop_token stop);
  ~EngineAnswer() override;
  EngineAnswer(const EngineAnswer&) = delete;
  EngineAnswer& operator=(const EngineAnswer&) = delete;

  // Throws Cancelled and DecodingFailure.
  std::optional<Piece> next() override;
  espalier::FinishReason finish_reason() const override;
  Usage usage() const override { return usage_; }
  std::vector<std::int32_t> token_ids(const std::vector<Transcript::Entry>& entries) const override;

 private:
  std::optional<std::string> next_text();
  void finish();

  EngineExecutor& executor_;
  engine::Sequence sequence_;
  Usage usage_;
  std::optional<engine::Generation> generation_;
  std::optional<CallReader> reader_;
  ToolCalls calls_;
  bool finished_ = false;
};

}  // namespace espalier::framework
