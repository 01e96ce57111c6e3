// A session between and during its turns.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "espalier/language_model_executor.h"
#include "espalier/tool.h"
#include "espalier/transcript.h"
#include "framework/tool_box.h"

namespace espalier::framework {

struct SessionState {
  // Throws InvalidArgument where there is no model, instructions stand anywhere but first, a text
  // of the transcript is not UTF-8, or tools cannot be told apart.
  SessionState(std::shared_ptr<LanguageModel> its_model, Tools its_tools,
               Transcript its_transcript);
  SessionState(const SessionState&) = delete;
  SessionState& operator=(const SessionState&) = delete;

  const std::shared_ptr<LanguageModel> model;
  const ToolBox tools;
  std::atomic<bool> responding = false;

  mutable std::mutex mutex;  // guards the transcript
  Transcript transcript;

  // For whoever set `responding` to true, alone.
  const std::unique_ptr<LanguageModelExecutor> executor;
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
