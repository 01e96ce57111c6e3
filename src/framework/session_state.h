// A session between and during its turns.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "engine/sequence.h"
#include "espalier/language_model.h"
#include "espalier/transcript.h"
#include "framework/model_runtime.h"

namespace espalier::framework {

struct SessionState {
  // Throws InvalidArgument where instructions stand anywhere but first.
  SessionState(SystemLanguageModel its_model, Transcript its_transcript);
  ~SessionState();
  SessionState(const SessionState&) = delete;
  SessionState& operator=(const SessionState&) = delete;

  // The tokens of the transcript. Answers that this session made stand in them as they were
  // generated: their text, encoded anew, might become other tokens than the KV cache holds.
  const std::vector<base::TokenId>& history();

  // The sequence, cut to the longest prefix that it has in common with `ids`, of which it leaves at
  // least one to compute.
  engine::Sequence take_sequence(const std::vector<base::TokenId>& ids);
  void park_sequence(engine::Sequence sequence);

  const SystemLanguageModel model;
  std::atomic<bool> responding = false;

  mutable std::mutex mutex;  // guards the transcript
  Transcript transcript;

  // For whoever set `responding` to true, alone.
  std::shared_ptr<ModelRuntime> runtime;  // null until the first request
  std::optional<std::vector<base::TokenId>> history_tokens;
  std::optional<SequencePark::Ticket> ticket;
};

// Makes a session respond for as long as it lives. Throws ConcurrentRequests where it already does.
class Claim {
 public:
  explicit Claim(SessionState& state);
  ~Claim();
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

 private:
  SessionState& state_;
};

}  // namespace espalier::framework
