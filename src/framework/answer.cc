#include "framework/answer.h"

#include <utility>
#include <variant>

#include "espalier/error.h"
#include "framework/content_nodes.h"

namespace espalier {
namespace framework {

Answer::Answer(std::shared_ptr<SessionState> state, Transcript::Entry prompt, std::stop_token stop,
               Turn::Ask ask)
    : is_json_(std::get<Transcript::Prompt>(prompt).response_format.has_value()) {
  auto claim = std::make_unique<Claim>(*state);
  waiting_.emplace(Waiting{.state = std::move(state),
                           .claim = std::move(claim),
                           .prompt = std::move(prompt),
                           .stop = std::move(stop),
                           .ask = std::move(ask)});
}

void Answer::begin() {
  Waiting request = std::move(*waiting_);
  waiting_.reset();
  turn_ = std::make_unique<Turn>(std::move(request.state), std::move(request.claim),
                                 std::move(request.prompt), std::move(request.stop),
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
  while (const std::optional<std::string> piece = turn_->next()) {
    if (take(*piece)) return true;
  }
  return finish();
}

bool Answer::take(std::string_view piece) {
  if (!is_json_) {
    for (const char c : piece) text_.push_back(c);
    return true;
  }
  const std::size_t before = json_.changes();
  json_.feed(piece);
  return json_.changes() > before;
}

// The end of the text is what ends a number that is all of an answer.
bool Answer::finish() {
  const Response<> ended = turn_->response();
  turn_.reset();
  const std::size_t before = json_.changes();
  if (is_json_ && ended.is_complete) json_.end();
  response_.emplace();
  response_->content = response_->raw_content = content();
  response_->transcript_entries = ended.transcript_entries;
  response_->finish_reason = ended.finish_reason;
  response_->is_complete = ended.is_complete;
  response_->usage = ended.usage;
  return json_.changes() > before;
}

GeneratedContent Answer::content() {
  if (is_json_) return json_.content();
  return ContentAccess::make({.kind = GeneratedContent::Kind::string,
                              .complete = response_.has_value(),
                              .id = 1,
                              .text = text_.all()});
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
