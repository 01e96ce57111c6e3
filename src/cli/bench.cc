// espalier bench: how fast this machine runs a model.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "base/checked_math.h"
#include "base/cpu_features.h"
#include "base/processors.h"
#include "cli/bench_report.h"
#include "cli/commands.h"
#include "cli/machine_limits.h"
#include "cli/options.h"
#include "cli/output.h"
#include "engine/engine.h"
#include "engine/model_package.h"
#include "engine/speed.h"
#include "espalier/error.h"
#include "framework/model_store.h"

namespace espalier::cli {
namespace {

constexpr const char* description = R"(measure speed and memory

Loads the model, runs once to warm up, then measures: a prompt of random tokens is computed (prefill, until the last position's logits exist), and tokens are decoded behind it, one at a time, the likeliest each time. Nothing is reused from run to run. With --repeat, every figure is the median.
  prefill_tok_s, decode_tok_s   tokens per second
  decode_ms                     milliseconds of a token, over all runs: p50, p90, p99 and the most
  ttft_ms                       from the prompt to the first token
  load_ms                       from the file to a model that can run
  peak_rss_mb                   the most memory that was in use (10^6 bytes)
  read_gb_s                     what a plain read loop gets out of memory with as many threads
  decode_bandwidth_share        how much of that decode reaches: the weights that a token reads, times decode_tok_s, over read_gb_s
  multiply_gops                 10^9 int8 operations a second of a loop that loads nothing
  prefill_multiply_share        how much of that the prompt's matrices reach
Further measurements, each in a cache of its own:
  --contexts   tokens a second behind a context of so many tokens
  --batch      tokens a second, together, of so many sequences that decode side by side
  --profile    what each kind of op takes, in prefill and in decode, with GOPS and GB/s of the weights that it reads)";

constexpr const char* examples = R"(espalier bench
espalier bench --prompt-tokens 512 --decode-tokens 128 --threads 2 --json
espalier bench --repeat 5 --contexts 128,1024,4096 --batch 1,2,4,8,16 --profile
ESPALIER_ISA=avx2 espalier bench --repeat 5)";

struct Options {
  EngineOptions engine;
  std::size_t prompt_tokens = 512;
  std::size_t decode_tokens = 128;
  std::size_t repeat = 1;
  std::vector<std::size_t> contexts;
  std::vector<std::size_t> batch;
  bool profile = false;
  bool json = false;
};

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

// Of q = 0.5, the mean of the two in the middle where there are two.
double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const double at = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], at - static_cast<double>(below));
}

double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double peak_rss_mb() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

// A loaded model and how to run it.
class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        path_(framework::find_model(options.engine.model)),
        threads_(options.engine.runtime.threads == 0 ? base::usable_cores()
                                                     : options.engine.runtime.threads) {
    const Clock::time_point start = Clock::now();
    model_ = engine::load_package(path_, threads_).model;
    engine_ = make_engine(options.prompt_tokens + options.decode_tokens, 1);
    load_s_ = std::chrono::duration<double>(Clock::now() - start).count();
  }

  Json figures() {
    for (std::size_t context : options_.contexts) check_context(context);
    Json result = prompt_and_decode();
    for (std::size_t context : options_.contexts) {
      result["contexts"].push_back({{"context", context}, {"decode_tok_s", decode(1, context)}});
    }
    for (std::size_t sequences : options_.batch) {
      result["batches"].push_back(
          {{"sequences", sequences}, {"decode_tok_s", decode(sequences, batch_context)}});
    }
    if (options_.profile) result["profile"] = profile();
    return result;
  }

 private:
  static constexpr std::size_t batch_context = 128;

  std::unique_ptr<engine::Engine> make_engine(std::size_t context, std::size_t sequences) const {
    return std::make_unique<engine::Engine>(
        model_, engine::EngineOptions{
                    .threads = threads_,
                    .decode_threads = options_.engine.runtime.decode_threads,
                    .kv_type = options_.engine.runtime.kv_type,
                    .context = context,
                    .cache_tokens = sequences * base::round_up(context, kernels::page_positions),
                    .prefix_reuse = false});
  }

  void check_context(std::size_t context) const {
    const std::size_t most = model_->config.context;
    if (context + options_.decode_tokens <= most) return;
    throw InvalidArgument(
        fmt::format("--contexts {} with --decode-tokens {}: the model's context window is {}",
                    context, options_.decode_tokens, most));
  }

  Json prompt_and_decode() {
    const auto prompt = engine::random_tokens(options_.prompt_tokens, model_->config.vocabulary, 1);
    engine::time_prompt(*engine_, prompt, options_.decode_tokens);
    std::vector<double> prefill, first, rates, tokens_ms;
    for (std::size_t i = 0; i < options_.repeat; ++i) {
      const auto times = engine::time_prompt(*engine_, prompt, options_.decode_tokens);
      prefill.push_back(static_cast<double>(options_.prompt_tokens) / times.prefill);
      first.push_back(times.first_token * 1e3);
      rates.push_back(static_cast<double>(options_.decode_tokens) / sum(times.decode));
      for (double seconds : times.decode) tokens_ms.push_back(seconds * 1e3);
    }
    const double memory = peak_rss_mb();  // before the read loop takes a buffer of its own
    const double bandwidth = read_bandwidth_gb_s(threads_);
    const double gops = multiply_gops(kernels::ops_for(engine_->options().isa), threads_);
    const double token_bytes = static_cast<double>(model_->bytes_per_token());
    return {{"model", path_.filename().string()},
            {"prompt_tokens", options_.prompt_tokens},
            {"decode_tokens", options_.decode_tokens},
            {"prefill_tok_s", median(prefill)},
            {"decode_tok_s", median(rates)},
            {"decode_ms",
             {{"p50", quantile(tokens_ms, 0.5)},
              {"p90", quantile(tokens_ms, 0.9)},
              {"p99", quantile(tokens_ms, 0.99)},
              {"max", quantile(tokens_ms, 1)}}},
            {"ttft_ms", median(first)},
            {"load_ms", load_s_ * 1e3},
            {"peak_rss_mb", memory},
            {"isa", std::string(base::name(engine_->options().isa))},
            {"threads", threads_},
            {"decode_threads", engine_->options().decode_threads},
            {"kv", name(options_.engine.runtime.kv_type)},
            {"machine", base::describe_machine()},
            {"read_gb_s", bandwidth},
            {"decode_bandwidth_share", token_bytes * median(rates) / 1e9 / bandwidth},
            {"multiply_gops", gops},
            {"prefill_multiply_share", layer_operations() * median(prefill) / 1e9 / gops}};
  }

  // Int8 operations of a prompt's token: all matrices up to where the last keys and values are
  // stored, from where on only the prompt's last token is computed.
  double layer_operations() const {
    std::size_t weights = 0, stored = 0;
    const auto add = [&](const model::Projection& projection) {
      for (const auto& part : projection.parts) weights += part.rows() * part.cols();
    };
    for (std::size_t i = 0; i < model_->layers.size(); ++i) {
      const model::LayerWeights& layer = model_->layers[i];
      add(layer.qkv);
      if (model_->config.layers[i].writes_kv) stored = weights;
      add(layer.attention_out);
      add(layer.gate_up);
      add(layer.down);
    }
    return 2.0 * static_cast<double>(stored);
  }

  // Tokens a second of all sequences together, the median step.
  double decode(std::size_t sequences, std::size_t context) const {
    const std::size_t length = context + options_.decode_tokens;
    const auto engine = make_engine(std::min(length, model_->config.context), sequences);
    std::vector<double> steps;
    for (std::size_t i = 0; i < options_.repeat; ++i) {
      const auto times = engine::time_decode(*engine, sequences, context, options_.decode_tokens);
      steps.insert(steps.end(), times.begin(), times.end());
    }
    return static_cast<double>(sequences) / median(steps);
  }

  Json profile() {
    const auto prompt = engine::random_tokens(options_.prompt_tokens, model_->config.vocabulary, 1);
    model::Profile prefill, decode;
    engine_->set_profile(&prefill);
    for (std::size_t i = 0; i < options_.repeat; ++i) engine::time_prompt(*engine_, prompt, 0);
    engine_->set_profile(&decode);
    for (std::size_t i = 0; i < options_.repeat; ++i) {
      engine::time_decode(*engine_, 1, 0, options_.decode_tokens);
    }
    engine_->set_profile(nullptr);
    return {{"prefill", report(prefill, options_.repeat)},
            {"decode", report(decode, options_.repeat * options_.decode_tokens)}};
  }

  const Options& options_;
  std::filesystem::path path_;
  int threads_;
  std::shared_ptr<const model::Model> model_;
  std::unique_ptr<engine::Engine> engine_;
  double load_s_ = 0;
};

void bench(const Options& options) {
  const Json result = Bench(options).figures();
  if (options.json) {
    print_json(result);
  } else {
    print(bench_for_people(result));
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
  const auto list = [&](const char* spelling, std::vector<std::size_t>& values, const char* help) {
    command->add_option(spelling, values, help)
        ->type_name("N,…")
        ->delimiter(',')
        ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 20));
  };
  list("--contexts", options->contexts, "Decode behind contexts of these lengths too.");
  list("--batch", options->batch, "Decode so many sequences side by side too, 128 tokens each.");
  command->add_flag("--profile", options->profile, "Say what each kind of op takes.");
  add_json_option(*command, options->json);
  add_model_option(*command, options->engine);
  add_threads_option(*command, options->engine);
  add_kv_option(*command, options->engine);
  command->callback([options] { bench(*options); });
}

}  // namespace espalier::cli
