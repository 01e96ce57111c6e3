// A request from its first word on: a turn that begins when it is to. What is behind every stream.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <stop_token>

#include "espalier/response.h"
#include "framework/session_state.h"
#include "framework/turn.h"

namespace espalier::framework {

class Answer {
 public:
  // Claims the session: it is responding from here on. Throws ConcurrentRequests. `check` may be
  // null.
  Answer(std::shared_ptr<SessionState> state, Transcript::Entry prompt, std::stop_token stop,
         detail::AnswerCheck check, Turn::Ask ask = {});

  // Makes the turn, and throws what that throws. advance() does it where nobody has.
  void begin();

  // As AnswerReader has them.
  bool advance();
  bool at_end() const noexcept { return at_end_; }
  GeneratedContent content();
  void cancel() noexcept;
  Response<GeneratedContent> response();

 private:
  bool generate();

  struct Waiting {  // for its turn to begin
    std::shared_ptr<SessionState> state;
    std::unique_ptr<Claim> claim;
    Transcript::Entry prompt;
    std::stop_token stop;
    detail::AnswerCheck check = nullptr;
    Turn::Ask ask;
  };

  std::optional<Waiting> waiting_;
  std::unique_ptr<Turn> turn_;  // null before it begins, and once the answer has ended
  bool at_end_ = false;
  std::optional<Response<GeneratedContent>> response_;
  std::exception_ptr failure_;
};

}  // namespace espalier::framework
