// espalier bench: how fast this machine runs a model.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "base/processors.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/read_bandwidth.h"
#include "engine/engine.h"
#include "engine/model_package.h"
#include "framework/model_store.h"

namespace espalier::cli {
namespace {

constexpr const char* description = R"(measure speed and memory

Loads the model, runs once to warm up, then measures: a prompt of random tokens is computed (prefill, until the last position's logits exist), and tokens are decoded behind it, one at a time, the likeliest each time. Nothing is reused from run to run. With --repeat, every figure is the median.
  prefill_tok_s, decode_tok_s   tokens per second
  ttft_ms                       from the prompt to the first token
  load_ms                       from the file to a model that can run
  peak_rss_mb                   the most memory that was in use (10^6 bytes)
  read_gb_s                     what a plain read loop gets out of memory with as many threads
  decode_bandwidth_share        how much of that decode reaches: the weights that a token reads, times decode_tok_s, over read_gb_s)";

constexpr const char* examples = R"(espalier bench
espalier bench --prompt-tokens 512 --decode-tokens 128 --threads 2 --json
ESPALIER_ISA=avx2 espalier bench --repeat 5)";

struct Options {
  EngineOptions engine;
  std::size_t prompt_tokens = 512;
  std::size_t decode_tokens = 128;
  std::size_t repeat = 1;
  bool json = false;
};

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Run {
  double prefill_s = 0;
  double first_token_s = 0;
  double decode_s = 0;
};

base::TokenId likeliest(const engine::StepOutput& output) {
  const auto row = output.logits(0).row(0);
  return static_cast<base::TokenId>(std::max_element(row.begin(), row.end()) - row.begin());
}

Run measure(engine::Engine& engine, std::span<const base::TokenId> prompt, std::size_t decode) {
  engine::Sequence sequence = engine.new_sequence();
  engine::StepOutput output;
  Run run;
  const std::size_t last = prompt.size() - 1;
  const Clock::time_point start = Clock::now();
  engine.step({{.sequence = &sequence, .tokens = prompt, .wanted = {&last, 1}}}, output);
  run.prefill_s = seconds_since(start);
  base::TokenId token = likeliest(output);
  run.first_token_s = seconds_since(start);

  const std::size_t only = 0;
  const Clock::time_point decode_start = Clock::now();
  for (std::size_t i = 0; i < decode; ++i) {
    engine.step({{.sequence = &sequence, .tokens = {&token, 1}, .wanted = {&only, 1}}}, output);
    token = likeliest(output);
  }
  run.decode_s = seconds_since(decode_start);
  return run;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double peak_rss_mb() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

// The same prompt on every machine; what stands in it does not matter to the clock.
std::vector<base::TokenId> random_prompt(std::size_t count, std::size_t vocabulary) {
  std::mt19937_64 random(1);
  std::vector<base::TokenId> ids(count);
  for (base::TokenId& id : ids) id = static_cast<base::TokenId>(random() % vocabulary);
  return ids;
}

nlohmann::ordered_json figures(const Options& options) {
  const std::filesystem::path path = framework::find_model(options.engine.model);
  const int threads =
      options.engine.runtime.threads == 0 ? base::usable_cores() : options.engine.runtime.threads;
  const Clock::time_point start = Clock::now();
  const engine::ModelPackage package = engine::load_package(path, threads);
  engine::Engine engine(package.model, {.threads = threads,
                                        .kv_type = options.engine.runtime.kv_type,
                                        .context = options.prompt_tokens + options.decode_tokens,
                                        .prefix_reuse = false});
  const double load_s = seconds_since(start);
  const auto prompt = random_prompt(options.prompt_tokens, package.model->config.vocabulary);
  measure(engine, prompt, options.decode_tokens);
  std::vector<double> prefill, first, decode;
  for (std::size_t i = 0; i < options.repeat; ++i) {
    const Run run = measure(engine, prompt, options.decode_tokens);
    prefill.push_back(static_cast<double>(options.prompt_tokens) / run.prefill_s);
    first.push_back(run.first_token_s * 1e3);
    decode.push_back(static_cast<double>(options.decode_tokens) / run.decode_s);
  }
  const double memory = peak_rss_mb();  // before the read loop takes a buffer of its own
  const double bandwidth = read_bandwidth_gb_s(threads);
  const double needed =
      static_cast<double>(package.model->bytes_per_token()) * median(decode) / 1e9;
  return {{"model", path.filename().string()},
          {"prompt_tokens", options.prompt_tokens},
          {"decode_tokens", options.decode_tokens},
          {"prefill_tok_s", median(prefill)},
          {"decode_tok_s", median(decode)},
          {"ttft_ms", median(first)},
          {"load_ms", load_s * 1e3},
          {"peak_rss_mb", memory},
          {"isa", std::string(base::name(engine.options().isa))},
          {"threads", threads},
          {"kv", name(options.engine.runtime.kv_type)},
          {"machine", base::describe_machine()},
          {"read_gb_s", bandwidth},
          {"decode_bandwidth_share", needed / bandwidth}};
}

void bench(const Options& options) {
  const nlohmann::ordered_json result = figures(options);
  if (options.json) {
    print_json(result);
    return;
  }
  for (const auto& [key, value] : result.items()) {
    const std::string text = value.is_string()         ? value.get<std::string>()
                             : value.is_number_float() ? fmt::format("{:.2f}", value.get<double>())
                                                       : value.dump();
    print(fmt::format("{:<23} {}\n", key, text));
  }
}

}  // namespace

void add_bench(CLI::App& program) {
  CLI::App* command = program.add_subcommand("bench", description);
  command->footer(examples);
  const auto options = std::make_shared<Options>();
  const auto count = [&](const char* spelling, std::size_t& value, const char* help) {
    command->add_option(spelling, value, help)
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 30));
  };
  count("--prompt-tokens", options->prompt_tokens, "Length of the prompt. Default: 512.");
  count("--decode-tokens", options->decode_tokens, "Tokens decoded behind it. Default: 128.");
  count("--repeat", options->repeat, "Measurements after the warm-up. Default: 1.");
  add_json_option(*command, options->json);
  add_model_option(*command, options->engine);
  add_threads_option(*command, options->engine);
  add_kv_option(*command, options->engine);
  command->callback([options] { bench(*options); });
}

}  // namespace espalier::cli
