#include "framework/turn.h"

#include <fmt/format.h>

#include <utility>

#include "espalier/error.h"
#include "framework/guide_constraint.h"

namespace espalier::framework {
namespace {

// The tokens of the session's history and of one more entry behind it.
std::vector<base::TokenId> with_entry(SessionState& state, const Transcript::Entry& entry) {
  std::vector<base::TokenId> ids = state.history();
  const std::size_t count = state.transcript.size();
  state.runtime->append(entry, count == 0 ? nullptr : &state.transcript[count - 1], ids);
  return ids;
}

void check_room(const ModelRuntime& runtime, std::size_t tokens) {
  if (tokens <= runtime.context()) return;
  throw ExceededContextWindowSize(
      fmt::format("the conversation with this prompt and one token of answer has {} tokens; the "
                  "context window holds {}: shorten the prompt or start a new session",
                  tokens, runtime.context()),
      tokens, runtime.context());
}

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

Turn::Turn(std::shared_ptr<SessionState> state, Transcript::Entry prompt,
           const TurnSettings& settings, std::stop_token stop)
    : state_(std::move(state)),
      claim_(std::make_unique<Claim>(*state_)),
      prompt_(std::move(prompt)),
      ids_(with_entry(*state_, prompt_)) {
  ModelRuntime& runtime = *state_->runtime;
  engine::validate(settings.sampling);
  runtime.format().append_generation_prompt(runtime.tokenizer(), ids_);
  check_room(runtime, ids_.size() + 1);
  sequence_ = std::make_unique<engine::Sequence>(state_->take_sequence(ids_));
  const std::size_t cached = sequence_->length();
  response_.usage = {.prompt_tokens = ids_.size(), .cached_tokens = cached};
  generation_ = std::make_unique<engine::Generation>(
      runtime.engine(), runtime.tokenizer(), *sequence_,
      std::vector<base::TokenId>(ids_.begin() + static_cast<std::ptrdiff_t>(cached), ids_.end()),
      generation_settings(runtime, settings), std::move(stop));
}

Turn::~Turn() {
  if (claim_) release();
}

// Ended or not, the sequence goes back to the session, before that is free for the next request;
// the next turn cuts it to what is still true.
void Turn::release() {
  generation_.reset();
  state_->park_sequence(std::move(*sequence_));
  sequence_.reset();
  claim_.reset();
}

std::optional<std::string> Turn::next() {
  if (!claim_) return std::nullopt;
  while (std::optional<std::string> piece = next_piece()) {
    if (piece->empty()) continue;  // part of a character
    response_.content += *piece;
    return piece;
  }
  if (generation_->finish_reason() == engine::FinishReason::cancelled) throw Cancelled();
  commit();
  return std::nullopt;
}

// A step that finds no page left has changed nothing, so it can be tried again once the sessions
// that wait have given back theirs, to this turn or, a moment before, to another.
std::optional<std::string> Turn::next_piece() {
  try {
    return generation_->next();
  } catch (const DecodingFailure&) {
    state_->runtime->park().clear();
    return generation_->next();
  }
}

// What was generated under a schema is kept as the structure that it is, as far as it came.
Transcript::Entry Turn::answer() {
  const auto& schema = std::get<Transcript::Prompt>(prompt_).response_format;
  if (!schema) {
    response_.raw_content = GeneratedContent::string(response_.content);
    return Transcript::response(response_.content);
  }
  response_.raw_content = response_.is_complete
                              ? GeneratedContent::from_json(response_.content)
                              : GeneratedContent::from_partial_json(response_.content);
  return Transcript::response(response_.raw_content, schema->name());
}

void Turn::commit() {
  ModelRuntime& runtime = *state_->runtime;
  const bool stopped = generation_->finish_reason() == engine::FinishReason::stop;
  response_.finish_reason = stopped ? FinishReason::stop : FinishReason::incomplete;
  response_.is_complete = stopped;
  response_.usage.response_tokens = generation_->tokens().size();
  response_.transcript_entries = {prompt_, answer()};
  runtime.format().append_answer(runtime.tokenizer(), generation_->tokens(), ids_);
  {
    const std::lock_guard lock(state_->mutex);
    for (const Transcript::Entry& entry : response_.transcript_entries) {
      state_->transcript.append(entry);
    }
  }
  state_->history_tokens = std::move(ids_);
  release();
}

void prewarm(SessionState& state, std::string_view prompt_prefix) {
  const Claim claim(state);
  const std::vector<base::TokenId> ids = prompt_prefix.empty()
                                             ? state.history()
                                             : with_entry(state, Transcript::prompt(prompt_prefix));
  ModelRuntime& runtime = *state.runtime;
  check_room(runtime, ids.size() + 1);
  if (ids.empty()) return;
  engine::Sequence sequence = state.take_sequence(ids);
  engine::StepOutput unused;
  const auto step = [&] {
    return runtime.engine().step(
        {{.sequence = &sequence, .tokens = std::span(ids).subspan(sequence.length())}}, unused);
  };
  // Where others hold all pages, there is nothing to gain here, and nothing to report.
  if (step() == engine::StepStatus::cache_full && runtime.park().clear()) step();
  state.park_sequence(std::move(sequence));
}

}  // namespace espalier::framework
