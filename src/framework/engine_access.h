// The way past the public headers: engine options that they leave out, for the command line, and
// the engine's counters, for tests.
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string_view>

#include "espalier/session.h"
#include "framework/generation_settings.h"
#include "framework/model_runtime.h"

namespace espalier::framework {

struct EngineAccess {
  // `wish` as find_model takes it; loads nothing yet.
  static SystemLanguageModel open(const std::filesystem::path& wish, const RuntimeOptions& options);

  // Loads the model where that is not done.
  static std::shared_ptr<ModelRuntime> runtime(const SystemLanguageModel& model);

  // stream_response with all of the engine's sampling options; the session's model is a
  // SystemLanguageModel.
  static ResponseStream<> stream(LanguageModelSession& session, std::string_view prompt,
                                 const TurnSettings& settings, std::stop_token stop = {});
};

}  // namespace espalier::framework
