#include "framework/turn.h"

#include <utility>

#include "espalier/error.h"

namespace espalier::framework {

Turn::Turn(std::shared_ptr<SessionState> state, std::unique_ptr<Claim> claim,
           Transcript::Entry prompt, std::stop_token stop, Ask ask)
    : state_(std::move(state)),
      claim_(std::move(claim)),
      stop_(std::move(stop)),
      ask_(std::move(ask)),
      entries_({std::move(prompt)}) {
  this->ask();
}

Turn::~Turn() {
  if (claim_) release();
}

// The answer ends before the session is free for the next request.
void Turn::release() {
  answer_.reset();
  claim_.reset();
}

void Turn::ask() {
  Transcript transcript = state_->transcript;  // nobody else changes it while this turn lives
  for (const Transcript::Entry& entry : entries_) transcript.append(entry);
  const LanguageModelRequest request = {.transcript = std::move(transcript),
                                        .options = prompt().options,
                                        .schema = prompt().response_format};
  text_.clear();
  answer_ =
      ask_ ? ask_(*state_->executor, request, stop_) : state_->executor->respond(request, stop_);
}

std::optional<std::string> Turn::next() {
  if (!claim_) return std::nullopt;
  while (std::optional<LanguageModelAnswer::Piece> piece = next_piece()) {
    std::string text = std::get<std::string>(std::move(*piece));
    if (text.empty()) continue;
    text_ += text;
    response_.content += text;
    return text;
  }
  finish_answer();
  commit();
  return std::nullopt;
}

std::optional<LanguageModelAnswer::Piece> Turn::next_piece() {
  if (stop_.stop_requested()) throw Cancelled();
  return answer_->next();
}

void Turn::finish_answer() {
  response_.finish_reason = answer_->finish_reason();
  response_.is_complete = response_.finish_reason == FinishReason::stop;
  response_.usage = answer_->usage();
  answer_.reset();
}

// What was generated under a schema is kept as the structure that it is, as far as it came.
Transcript::Entry Turn::answer_entry() {
  const auto& schema = prompt().response_format;
  if (!schema) {
    response_.raw_content = GeneratedContent::string(response_.content);
    return Transcript::response(text_);
  }
  response_.raw_content = response_.is_complete ? GeneratedContent::from_json(text_)
                                                : GeneratedContent::from_partial_json(text_);
  return Transcript::response(response_.raw_content, schema->name());
}

void Turn::commit() {
  entries_.push_back(answer_entry());
  {
    const std::lock_guard lock(state_->mutex);
    for (const Transcript::Entry& entry : entries_) state_->transcript.append(entry);
  }
  response_.transcript_entries = entries_;
  release();
}

}  // namespace espalier::framework
