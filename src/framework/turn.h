// One request of a session, from its prompt to its last token. It either ends and becomes part of
// the transcript, or leaves the session as it was.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "espalier/error.h"
#include "espalier/language_model_executor.h"
#include "espalier/response.h"
#include "framework/answer_content.h"
#include "framework/session_state.h"

namespace espalier::framework {

// An answer is text, or calls of tools, maybe with text in front of them. The tools' outputs go
// back to the model, which is asked again.
class Turn {
 public:
  // How an answer is asked for; by default, as LanguageModelExecutor::respond does.
  using Ask = std::function<std::unique_ptr<LanguageModelAnswer>(
      LanguageModelExecutor&, const LanguageModelRequest&, std::stop_token)>;

  // Asks the model for its answer; generates nothing. `claim` is the session's, `prompt` the entry
  // that the transcript is to get; `check`, where it is not null, sees the answer before that does.
  // Throws what LanguageModelSession::respond() does before it generates.
  Turn(std::shared_ptr<SessionState> state, std::unique_ptr<Claim> claim, Transcript::Entry prompt,
       std::stop_token stop, detail::AnswerCheck check, Ask ask);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  // Generates until there is more to show; false once there is not. Where the answer ends, the turn
  // enters the transcript. Calls the tools that the model wants called on the way. Throws what
  // respond() does while it generates.
  bool advance();
  bool has_ended() const noexcept { return claim_ == nullptr; }

  // What there is to show.
  GeneratedContent content() { return content_.content(); }
  // Once the turn has ended.
  Response<GeneratedContent> response() const { return response_; }

 private:
  const Transcript::Prompt& prompt() const { return std::get<Transcript::Prompt>(entries_[0]); }
  ToolCallingMode mode() const;
  void ask();
  void refuse(const Refusal& refusal);
  std::optional<LanguageModelAnswer::Piece> next_piece();
  bool take_text(const std::string& text);
  void take_calls(LanguageModelAnswer::ToolCalls calls);
  void finish_answer();
  void check_answer() const;
  void call_tools();
  Transcript::Entry answer_entry() const;
  void add_answer(std::vector<Transcript::Entry> entries);
  bool commit();
  void release();

  std::shared_ptr<SessionState> state_;
  std::unique_ptr<Claim> claim_;  // null once the turn has ended
  std::stop_token stop_;
  detail::AnswerCheck check_;
  Ask ask_;
  std::vector<Transcript::Entry> entries_;       // of this turn
  std::unique_ptr<LanguageModelAnswer> answer_;  // null where it was refused
  std::optional<std::string> refusal_;           // not shown yet
  // Of the answer under way.
  std::string text_;
  LanguageModelAnswer::ToolCalls calls_;
  std::size_t rounds_ = 0;  // of calls, before it
  AnswerContent content_;   // of all answers
  Response<GeneratedContent> response_;
};

}  // namespace espalier::framework
