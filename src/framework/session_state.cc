#include "framework/session_state.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "espalier/error.h"
#include "framework/engine_access.h"

namespace espalier::framework {

SessionState::SessionState(SystemLanguageModel its_model, Transcript its_transcript)
    : model(std::move(its_model)), transcript(std::move(its_transcript)) {
  for (std::size_t i = 1; i < transcript.size(); ++i) {
    if (std::holds_alternative<Transcript::Instructions>(transcript[i])) {
      throw InvalidArgument("a transcript has instructions after its first entry");
    }
  }
}

SessionState::~SessionState() {
  if (ticket) runtime->park().take(*ticket);
}

const std::vector<base::TokenId>& SessionState::history() {
  if (!runtime) runtime = EngineAccess::runtime(model);
  if (!history_tokens) {
    std::vector<base::TokenId> ids;
    runtime->append(transcript, ids);
    history_tokens = std::move(ids);
  }
  return *history_tokens;
}

engine::Sequence SessionState::take_sequence(const std::vector<base::TokenId>& ids) {
  std::optional<engine::Sequence> parked;
  if (const auto waiting = std::exchange(ticket, std::nullopt)) {
    parked = runtime->park().take(*waiting);
  }
  engine::Sequence sequence = parked ? std::move(*parked) : runtime->engine().new_sequence();
  const auto keys = sequence.keys();
  const std::size_t most = std::min(keys.size(), ids.size() - 1);
  std::size_t common = 0;
  while (common < most && keys[common] == engine::position_key(ids[common])) ++common;
  sequence.truncate(common);
  // What another session of this model began with as well, instructions above all.
  if (common == 0) runtime->engine().reuse_prefix(sequence, ids);
  return sequence;
}

void SessionState::park_sequence(engine::Sequence sequence) {
  ticket = runtime->park().park(std::move(sequence));
}

Claim::Claim(SessionState& state) : state_(state) {
  if (state_.responding.exchange(true)) {
    throw ConcurrentRequests(
        "this session is still answering an earlier request: wait for it, cancel it, or use a "
        "second session");
  }
}

Claim::~Claim() { state_.responding = false; }

}  // namespace espalier::framework
