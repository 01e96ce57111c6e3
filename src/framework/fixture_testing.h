// For tests: a tiny model with a chat template, and the real one where there is one.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "espalier/error.h"
#include "espalier/language_model.h"
#include "framework/engine_access.h"
#include "framework/model_store.h"

namespace espalier::framework::testing {

// Random weights: what it answers is noise, but always the same noise.
inline constexpr const char* fixture = "tests/parity/fixtures/gqa_tied_f32.gguf";

// One thread; its own engine.
inline SystemLanguageModel tiny_model(std::size_t context = 0) {
  return EngineAccess::open(fixture, {.threads = 1, .context = context});
}

inline engine::EngineStats stats(const SystemLanguageModel& model) {
  return EngineAccess::runtime(model)->engine().stats();
}

// Why a test of the real model is not wanted; empty where it is. A model that is missing all the
// same is a failure: AssetsUnavailable, which says what to do.
inline std::string no_real_model() {
  if (std::getenv("ESPALIER_SKIP_REAL_MODEL") != nullptr) {
    return "ESPALIER_SKIP_REAL_MODEL is set: no real model here";
  }
  find_model();
  return "";
}

}  // namespace espalier::framework::testing
