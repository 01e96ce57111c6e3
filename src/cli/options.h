// Options that several subcommands share, and what becomes of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "espalier/language_model.h"
#include "framework/generation_settings.h"
#include "framework/model_runtime.h"

namespace CLI {
class App;
}

namespace espalier::cli {

struct EngineOptions {
  std::string model;  // path or name; empty: the default
  framework::RuntimeOptions runtime;
};

struct SamplingOptions {
  double temperature = framework::default_temperature;
  int top_k = 0;
  double top_p = framework::default_probability_threshold;
  double min_p = 0;
  double repeat_penalty = 1;
  std::optional<std::uint64_t> seed;
  std::size_t max_tokens = 1024;  // 0: no limit but the context window
};

void add_model_option(CLI::App& command, EngineOptions& options);
void add_threads_option(CLI::App& command, EngineOptions& options);
void add_kv_option(CLI::App& command, EngineOptions& options);
void add_chat_format_option(CLI::App& command, EngineOptions& options);
// The first three and --context.
void add_engine_options(CLI::App& command, EngineOptions& options);
void add_sampling_options(CLI::App& command, SamplingOptions& options);
void add_json_option(CLI::App& command, bool& json);

SystemLanguageModel open_model(const EngineOptions& options);
// Draws a seed where none was given.
framework::TurnSettings turn_settings(const SamplingOptions& options);

const char* name(kernels::KvType type) noexcept;

}  // namespace espalier::cli
