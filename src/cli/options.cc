#include "cli/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <limits>
#include <random>
#include <system_error>

#include "base/processors.h"
#include "base/thread_pool.h"
#include "cli/output.h"
#include "espalier/error.h"
#include "framework/engine_access.h"
#include "text/chat_format.h"

namespace espalier::cli {
namespace {

constexpr const char* model_group = "Model options";
constexpr const char* sampling_group = "Sampling options";
constexpr double many = 1e9;
constexpr std::size_t most_tokens = std::size_t{1} << 40;

// CLI::Range lets NaN through.
CLI::Validator number(double least, double most) {
  return {[least, most](std::string& text) -> std::string {
            double value = 0;
            if (CLI::detail::lexical_cast(text, value) && value >= least && value <= most)
              return {};
            return fmt::format("'{}' is no number from {} to {}", text, least, most);
          },
          ""};
}

// CLI11 would take -1, and any number too large, for the largest.
std::string check_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, seed);
  if (error == std::errc() && last == end) return {};
  return fmt::format("'{}' is no whole number from 0 to {}", text,
                     std::numeric_limits<std::uint64_t>::max());
}

// More threads than processors wait for each other at every matrix.
int fitting_threads(const char* spelling, int wanted) {
  const int most = base::usable_processors();
  if (wanted <= most) return wanted;
  remark(fmt::format("espalier: {} {}: this process may use {} processor{}, so {} it is\n",
                     spelling, wanted, most, most == 1 ? "" : "s", most));
  return most;
}

kernels::KvType kv_type(const std::string& text) {
  for (const auto type : {kernels::KvType::f32, kernels::KvType::int8}) {
    if (text == name(type)) return type;
  }
  return kernels::KvType::f16;
}

}  // namespace

void add_model_option(CLI::App& command, EngineOptions& options) {
  command
      .add_option("--model", options.model,
                  "A GGUF file, a Hugging Face folder, or the name of an installed model "
                  "(`espalier model list`). Default: "
                  "$ESPALIER_MODEL, else the first installed one.")
      ->type_name("FILE")
      ->group(model_group);
}

void add_threads_option(CLI::App& command, EngineOptions& options) {
  const auto count = [&](const char* spelling, int& value, const char* help) {
    const auto set = [spelling, &value](int wanted) { value = fitting_threads(spelling, wanted); };
    command.add_option_function<int>(spelling, set, help)
        ->type_name("N")
        ->check(CLI::Range(1, base::ThreadPool::max_threads))
        ->group(model_group);
  };
  count("--threads", options.runtime.threads,
        "Threads to compute with, at most one for each processor that this process may use. "
        "Default: one for each core. The answer does not depend on it.");
  count("--decode-threads", options.runtime.decode_threads,
        "Of them, how many compute an answer's tokens, which waits for memory more than for "
        "processors. Default: all.");
}

void add_kv_option(CLI::App& command, EngineOptions& options) {
  command
      .add_option_function<std::string>(
          "--kv", [&options](const std::string& text) { options.runtime.kv_type = kv_type(text); },
          "What the KV cache holds: f32, f16 or int8. Default: f16, half the memory and memory "
          "traffic of f32 at a rounding far below that of the weights. int8 halves it again, and "
          "answers may differ a little.")
      ->type_name("TYPE")
      ->check(CLI::IsMember({"f32", "f16", "int8"}))
      ->group(model_group);
}

void add_chat_format_option(CLI::App& command, EngineOptions& options) {
  command
      .add_option("--chat-format", options.runtime.chat_format,
                  fmt::format("How to write the conversation down: {}. Default: as the model's own "
                              "template has it. A model answers well only in the format that it "
                              "was trained for.",
                              text::ChatFormat::known_names()))
      ->type_name("NAME")
      ->check([](const std::string& name) {
        try {
          text::ChatFormat::named(name);
        } catch (const InvalidArgument& fault) {
          return std::string(fault.what());
        }
        return std::string();
      })
      ->group(model_group);
}

void add_engine_options(CLI::App& command, EngineOptions& options) {
  add_model_option(command, options);
  add_threads_option(command, options);
  add_kv_option(command, options);
  command
      .add_option("--context", options.runtime.context,
                  "Tokens that instructions, history and answer may have together. Default and "
                  "most: what the model was made for.")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, most_tokens))
      ->group(model_group);
}

void add_sampling_options(CLI::App& command, SamplingOptions& options) {
  const auto add = [&](const char* spelling, auto& value, const char* type, const char* help) {
    return command.add_option(spelling, value, help)->type_name(type)->group(sampling_group);
  };
  add("--temperature", options.temperature, "T",
      "How freely to choose: 0 is always the likeliest token, 1 what the model itself says. "
      "Default: 0.2.")
      ->check(number(0, 100));
  add("--top-k", options.top_k, "N", "Choose among the N likeliest tokens only. Default: 0, off.")
      ->check(CLI::Range(0, std::numeric_limits<int>::max()));
  add("--top-p", options.top_p, "P",
      "Choose among the fewest tokens whose probabilities add up to P. Default: 0.9; 1 is off.")
      ->check(number(1e-6, 1));
  add("--min-p", options.min_p, "P",
      "Leave out tokens less likely than P times the likeliest. Default: 0, off.")
      ->check(number(0, 1));
  add("--repeat-penalty", options.repeat_penalty, "X",
      "Make the last 64 tokens less likely; 1.1 helps where a small model goes round in circles. "
      "Default: 1, off.")
      ->check(number(0.01, many));
  add("--seed", options.seed, "N",
      "Gives the same answer again on the same machine. Default: a new one every time.")
      ->check(check_seed);
  add("--max-tokens", options.max_tokens, "N",
      "End the answer after N tokens, since a small model may go round in circles. Default: 1024; "
      "0 goes on until the context window is full.")
      ->check(CLI::Range(std::size_t{0}, most_tokens));
}

void add_json_option(CLI::App& command, bool& json) {
  command.add_flag("--json", json, "Print one JSON document for programs.");
}

SystemLanguageModel open_model(const EngineOptions& options) {
  return framework::EngineAccess::open(options.model, options.runtime);
}

framework::TurnSettings turn_settings(const SamplingOptions& options) {
  framework::TurnSettings settings;
  settings.sampling.temperature = static_cast<float>(options.temperature);
  settings.sampling.top_k = options.top_k;
  settings.sampling.top_p = static_cast<float>(options.top_p);
  settings.sampling.min_p = static_cast<float>(options.min_p);
  settings.sampling.repeat_penalty = static_cast<float>(options.repeat_penalty);
  settings.sampling.seed = options.seed ? *options.seed : std::random_device()();
  settings.maximum_tokens = options.max_tokens;
  return settings;
}

const char* name(kernels::KvType type) noexcept {
  switch (type) {
    case kernels::KvType::f32:
      return "f32";
    case kernels::KvType::f16:
      return "f16";
    case kernels::KvType::int8:
      return "int8";
  }
  return "unknown";
}

}  // namespace espalier::cli
