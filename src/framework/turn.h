// One request of a session, from its prompt to its last token. It either ends and becomes part of
// the transcript, or leaves the session as it was.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "engine/generation.h"
#include "espalier/response.h"
#include "framework/generation_settings.h"
#include "framework/session_state.h"

namespace espalier::framework {

class Turn {
 public:
  // Renders the conversation and checks it; generates nothing. `prompt` is the entry that the
  // transcript is to get; where it has a response format, `settings` have its guide. Throws what
  // LanguageModelSession::respond() does before it generates.
  Turn(std::shared_ptr<SessionState> state, Transcript::Entry prompt, const TurnSettings& settings,
       std::stop_token stop);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  // Generates until the text has grown, and gives what came on; nothing once the answer has ended,
  // which is when the turn enters the transcript. Throws Cancelled and DecodingFailure.
  std::optional<std::string> next();

  // The whole answer; only after next() gave nothing.
  Response<> response() const { return response_; }

 private:
  std::optional<std::string> next_piece();
  Transcript::Entry answer();  // the response's entry; sets its raw content
  void commit();
  void release();

  std::shared_ptr<SessionState> state_;
  std::unique_ptr<Claim> claim_;  // null once the turn has ended, and so are the next two
  std::unique_ptr<engine::Sequence> sequence_;
  std::unique_ptr<engine::Generation> generation_;
  Transcript::Entry prompt_;
  std::vector<base::TokenId> ids_;  // the conversation up to where the answer begins
  Response<> response_;
};

// Computes the KV cache for history and the beginning of a prompt.
void prewarm(SessionState& state, std::string_view prompt_prefix);

}  // namespace espalier::framework
