#include "framework/answer.h"

#include <utility>

#include "espalier/error.h"

namespace espalier {
namespace framework {

Answer::Answer(std::shared_ptr<SessionState> state, Transcript::Entry prompt, std::stop_token stop,
               detail::AnswerCheck check, Turn::Ask ask) {
  auto claim = std::make_unique<Claim>(*state);
  waiting_.emplace(Waiting{.state = std::move(state),
                           .claim = std::move(claim),
                           .prompt = std::move(prompt),
                           .stop = std::move(stop),
                           .check = check,
                           .ask = std::move(ask)});
}

void Answer::begin() {
  Waiting request = std::move(*waiting_);
  waiting_.reset();
  turn_ = std::make_unique<Turn>(std::move(request.state), std::move(request.claim),
                                 std::move(request.prompt), std::move(request.stop), request.check,
                                 std::move(request.ask));
}

bool Answer::advance() {
  try {
    at_end_ = !generate();
    return !at_end_;
  } catch (...) {
    at_end_ = true;
    failure_ = std::current_exception();
    turn_.reset();
    throw;
  }
}

bool Answer::generate() {
  if (waiting_) begin();
  if (!turn_) return false;
  const bool has_grown = turn_->advance();
  if (turn_->has_ended()) {
    response_ = turn_->response();
    turn_.reset();
  }
  return has_grown;
}

GeneratedContent Answer::content() {
  if (response_) return response_->content;
  return turn_ ? turn_->content() : GeneratedContent();
}

void Answer::cancel() noexcept {
  waiting_.reset();
  turn_.reset();
  at_end_ = true;
}

Response<GeneratedContent> Answer::response() {
  while (advance()) {
  }
  if (failure_) std::rethrow_exception(failure_);
  if (!response_) throw Cancelled("the stream was left before its end");
  return *response_;
}

}  // namespace framework

namespace detail {

AnswerReader::AnswerReader(std::shared_ptr<framework::Answer> answer) noexcept
    : answer_(std::move(answer)) {}
bool AnswerReader::advance() { return answer_->advance(); }
bool AnswerReader::at_end() const noexcept { return answer_->at_end(); }
GeneratedContent AnswerReader::content() { return answer_->content(); }
void AnswerReader::cancel() noexcept { answer_->cancel(); }
Response<GeneratedContent> AnswerReader::response() { return answer_->response(); }

}  // namespace detail
}  // namespace espalier
