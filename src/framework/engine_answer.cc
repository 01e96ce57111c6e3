#include "framework/engine_answer.h"

#include <cstddef>
#include <utility>

#include "espalier/error.h"
#include "framework/guide_constraint.h"
#include "framework/written_tokens.h"

namespace espalier::framework {
namespace {

engine::GenerationSettings generation_settings(ModelRuntime& runtime,
                                               const TurnSettings& settings) {
  engine::GenerationSettings wanted = {.sampling = settings.sampling,
                                       .maximum_tokens = settings.maximum_tokens,
                                       .stop_tokens = runtime.stop_tokens()};
  if (settings.guide) {
    wanted.constraint = std::make_shared<GuideConstraint>(settings.guide, runtime.token_trie());
  }
  return wanted;
}

}  // namespace

EngineAnswer::EngineAnswer(EngineExecutor& executor, const std::vector<base::TokenId>& ids,
                           const TurnSettings& settings, std::optional<CallReader> calls,
                           std::stop_token stop)
    : executor_(executor), sequence_(executor.take_sequence(ids)), reader_(std::move(calls)) {
  ModelRuntime& runtime = executor_.runtime();
  const std::size_t cached = sequence_.length();
  usage_ = {.prompt_tokens = ids.size(), .cached_tokens = cached};
  generation_.emplace(
      runtime.engine(), runtime.tokenizer(), sequence_,
      std::vector<base::TokenId>(ids.begin() + static_cast<std::ptrdiff_t>(cached), ids.end()),
      generation_settings(runtime, settings), std::move(stop));
}

// Ended or not, the sequence goes back to the session; its next answer cuts it to what is still
// true.
EngineAnswer::~EngineAnswer() {
  generation_.reset();
  executor_.park_sequence(std::move(sequence_));
}

std::optional<LanguageModelAnswer::Piece> EngineAnswer::next() {
  while (!finished_) {
    const std::optional<std::string> piece = next_text();
    if (!piece) {
      finish();
      break;
    }
    std::string text = reader_ ? reader_->push(*piece) : *piece;
    if (!text.empty()) return text;  // else part of a character, or of calls
  }
  if (reader_) {
    if (std::string rest = reader_->finish(); !rest.empty()) return rest;
  }
  if (!calls_.empty()) return std::exchange(calls_, {});
  return std::nullopt;
}

// A step that finds no page left has changed nothing, so it can be tried again. Whatever room is
// made, another answer may take it before this one does.
std::optional<std::string> EngineAnswer::next_text() {
  while (true) {
    try {
      return generation_->next();
    } catch (const engine::CacheFull&) {
      if (!executor_.runtime().make_room()) throw;
    }
  }
}

void EngineAnswer::finish() {
  if (generation_->finish_reason() == engine::FinishReason::cancelled) throw Cancelled();
  finished_ = true;
  usage_.response_tokens = generation_->tokens().size();
  const bool is_whole = finish_reason() == espalier::FinishReason::stop;
  if (reader_ && reader_->in_calls() && is_whole) calls_ = reader_->calls();
}

std::vector<base::TokenId> EngineAnswer::token_ids(
    const std::vector<Transcript::Entry>& entries) const {
  const ModelRuntime& runtime = executor_.runtime();
  const Conversation& conversation = executor_.conversation_;
  std::vector<base::TokenId> written;
  runtime.format().append_generation_prompt(runtime.tokenizer(), written);
  runtime.format().append_answer(runtime.tokenizer(), generation_->tokens(), written);
  if (conversation.behind(runtime, entries) == written) return {};
  std::vector<Transcript::Entry> kept = entries;
  set_token_ids(kept.back(), generation_->tokens());
  if (conversation.behind(runtime, kept) != written) return {};  // they say more than the entries
  return generation_->tokens();
}

espalier::FinishReason EngineAnswer::finish_reason() const {
  const bool stopped = generation_->finish_reason() == engine::FinishReason::stop;
  return stopped ? espalier::FinishReason::stop : espalier::FinishReason::incomplete;
}

}  // namespace espalier::framework
