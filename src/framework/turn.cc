#include "framework/turn.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/message_format.h"
#include "espalier/error.h"
#include "framework/schema_fit.h"
#include "framework/written_tokens.h"

namespace espalier::framework {

Turn::Turn(std::shared_ptr<SessionState> state, std::unique_ptr<Claim> claim,
           Transcript::Entry prompt, std::stop_token stop, detail::AnswerCheck check, Ask ask)
    : state_(std::move(state)),
      claim_(std::move(claim)),
      stop_(std::move(stop)),
      check_(check),
      ask_(std::move(ask)),
      entries_({std::move(prompt)}),
      content_(this->prompt().response_format.has_value()) {
  if (mode() == ToolCallingMode::required && state_->tools.empty()) {
    throw InvalidArgument("tool_calling_mode is required, but the session has no tools");
  }
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
  LanguageModelRequest request = {.transcript = std::move(transcript),
                                  .options = prompt().options,
                                  .schema = prompt().response_format,
                                  .tools = state_->tools.definitions()};
  request.options.tool_calling_mode = mode();
  try {
    answer_ =
        ask_ ? ask_(*state_->executor, request, stop_) : state_->executor->respond(request, stop_);
  } catch (const Refusal& refusal) {
    refuse(refusal);
  }
}

// What the model says in place of an answer is the answer to a request for plain text.
void Turn::refuse(const Refusal& refusal) {
  if (prompt().response_format) throw;
  answer_.reset();
  refusal_ = text_.empty() ? refusal.what() : fmt::format("\n\n{}", refusal.what());
}

// What is required is done with the first calls.
ToolCallingMode Turn::mode() const {
  const ToolCallingMode wanted = prompt().options.tool_calling_mode;
  return wanted == ToolCallingMode::required && rounds_ > 0 ? ToolCallingMode::allowed : wanted;
}

bool Turn::advance() {
  if (has_ended()) return false;
  while (true) {
    while (std::optional<LanguageModelAnswer::Piece> piece = next_piece()) {
      if (auto* calls = std::get_if<LanguageModelAnswer::ToolCalls>(&*piece)) {
        take_calls(std::move(*calls));
        continue;
      }
      if (take_text(std::get<std::string>(*piece))) return true;
    }
    finish_answer();
    if (calls_.empty()) break;
    call_tools();
    ask();
  }
  return commit();
}

std::optional<LanguageModelAnswer::Piece> Turn::next_piece() {
  if (stop_.stop_requested()) throw Cancelled();
  try {
    if (answer_) return answer_->next();
  } catch (const Refusal& refusal) {
    refuse(refusal);
  }
  return std::exchange(refusal_, std::nullopt);
}

// The content has a blank line between answers.
bool Turn::take_text(const std::string& text) {
  if (text.empty()) return false;
  if (!calls_.empty()) {
    throw DecodingFailure("the model went on with text behind its calls of tools");
  }
  const std::string_view before = content_.text();
  if (text_.empty() && !before.empty()) content_.feed(before.ends_with('\n') ? "\n" : "\n\n");
  text_ += text;
  return content_.feed(text);
}

void Turn::take_calls(LanguageModelAnswer::ToolCalls calls) {
  state_->tools.check(calls, !state_->executor->is_guided());
  calls_.insert(calls_.end(), std::make_move_iterator(calls.begin()),
                std::make_move_iterator(calls.end()));
}

void Turn::finish_answer() {
  if (!answer_) return;  // refused
  response_.finish_reason = answer_->finish_reason();
  response_.is_complete = response_.finish_reason == FinishReason::stop;
  const Usage usage = answer_->usage();
  response_.usage.prompt_tokens += usage.prompt_tokens;
  response_.usage.cached_tokens += usage.cached_tokens;
  response_.usage.response_tokens += usage.response_tokens;
  check_answer();
}

void Turn::check_answer() const {
  if (calls_.empty()) {
    if (mode() == ToolCallingMode::required && response_.is_complete) {
      throw DecodingFailure("the model answered without calling a tool, which was required");
    }
    return;
  }
  if (mode() == ToolCallingMode::disallowed) {
    throw DecodingFailure("the model called a tool, which was disallowed");
  }
  if (prompt().response_format && !text_.empty()) {
    throw DecodingFailure(
        "the model wrote text in front of calls, where a schema leaves no room for it");
  }
  if (rounds_ == maximum_tool_rounds) {
    throw DecodingFailure(
        fmt::format("the model called tools {} times in a row without an answer: tell it in the "
                    "instructions when to stop, or let the tools' outputs say so",
                    rounds_ + 1));
  }
}

void Turn::call_tools() {
  std::vector<Transcript::Entry> said;
  if (!text_.empty()) said.push_back(Transcript::response(std::exchange(text_, {})));
  said.push_back(Transcript::tool_calls(std::exchange(calls_, {})));
  add_answer(std::move(said));
  const auto& calls = std::get<Transcript::ToolCalls>(entries_.back()).calls;
  for (Transcript::Entry& output : state_->tools.run(calls, stop_)) {
    entries_.push_back(std::move(output));
  }
  ++rounds_;
}

// What was generated under a schema is kept as the structure that it is, as far as it came.
Transcript::Entry Turn::answer_entry() const {
  const auto& schema = prompt().response_format;
  if (!schema) return Transcript::response(text_);
  if (response_.is_complete && !state_->executor->is_guided() &&
      !fits(response_.content, *schema)) {
    throw DecodingFailure(
        fmt::format("the model's answer does not fit the schema: {}", base::quoted(text_)));
  }
  return Transcript::response(response_.content, schema->name());
}

// What the model wrote at once. What it said in place of an answer has no tokens.
void Turn::add_answer(std::vector<Transcript::Entry> entries) {
  if (answer_) set_token_ids(entries.back(), answer_->token_ids(entries));
  answer_.reset();
  for (Transcript::Entry& entry : entries) entries_.push_back(std::move(entry));
}

// Whether the end had more to show.
bool Turn::commit() {
  const bool has_grown = content_.end(response_.is_complete);
  response_.content = response_.raw_content = content_.content();
  if (check_ != nullptr) check_(response_.content);
  add_answer({answer_entry()});
  {
    const std::lock_guard lock(state_->mutex);
    for (const Transcript::Entry& entry : entries_) state_->transcript.append(entry);
  }
  response_.transcript_entries = entries_;
  release();
  return has_grown;
}

}  // namespace espalier::framework
