// espalier perplexity: how well a model predicts a text.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <bit>
#include <cmath>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/processors.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "engine/engine.h"
#include "engine/model_package.h"
#include "espalier/error.h"
#include "framework/model_store.h"

namespace espalier::cli {
namespace {

constexpr const char* description = R"(measure how well a model predicts a text

Cuts the text's tokens into windows of N that do not overlap, and scores every token but a window's first: perplexity is exp of the mean of -log p(token | those before it in its window). A short last window is dropped. A beginning-of-text token stands before the text only where the model asks for one; special tokens that the text spells are text.
Lower is better; only figures of the same text, window and tokenizer can be compared.)";

constexpr const char* examples = R"(espalier perplexity --file book.txt
espalier perplexity --file book.txt --context 1024 --kv int8 --json)";

// Positions whose logits are computed at a time: 64 rows of 49,152 values are 12 MB.
constexpr std::size_t step_tokens = 64;

struct Options {
  EngineOptions engine;
  std::string file;
  std::string logits;
  std::size_t context = 512;
  bool json = false;
};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.good() && !file.eof()) {
    throw Error(ErrorCode::unknown, fmt::format("{}: cannot be read", path));
  }
  return bytes;
}

// -log softmax(logits)[target], in double: over many tokens float's rounding would show.
double surprise(std::span<const float> logits, base::TokenId target) {
  const double top = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (float logit : logits) sum += std::exp(logit - top);
  return std::log(sum) + top - logits[static_cast<std::size_t>(target)];
}

// Rows of f32, little-endian, one for every position, for other programs to compare with.
class LogitsFile {
 public:
  explicit LogitsFile(const std::string& path) : path_(path) {
    if (!path.empty()) file_.emplace(path, std::ios::binary);
  }
  void write(tensor::Rows<const float> rows) {
    static_assert(std::endian::native == std::endian::little, "bytes go out as they lie");
    if (!file_) return;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      const auto row = std::as_bytes(rows.row(i));
      file_->write(reinterpret_cast<const char*>(row.data()),
                   static_cast<std::streamsize>(row.size()));
    }
    if (!*file_) throw Error(ErrorCode::unknown, fmt::format("{}: cannot be written", path_));
  }
  void close() {
    if (!file_) return;
    file_->close();
    if (!*file_) throw Error(ErrorCode::unknown, fmt::format("{}: cannot be written", path_));
  }

 private:
  std::string path_;
  std::optional<std::ofstream> file_;
};

// Sum of the surprises of a window's tokens but the first.
double score(engine::Engine& engine, std::span<const base::TokenId> window, LogitsFile& out) {
  engine::Sequence sequence = engine.new_sequence();
  engine::StepOutput output;
  double total = 0;
  for (std::size_t begin = 0; begin < window.size(); begin += step_tokens) {
    const auto tokens = window.subspan(begin, std::min(step_tokens, window.size() - begin));
    std::vector<std::size_t> wanted(tokens.size());
    std::iota(wanted.begin(), wanted.end(), std::size_t{0});
    engine.step({{.sequence = &sequence, .tokens = tokens, .wanted = wanted}}, output);
    const auto logits = output.logits(0);
    out.write(logits);
    for (std::size_t i = 0; i < tokens.size() && begin + i + 1 < window.size(); ++i) {
      total += surprise(logits.row(i), window[begin + i + 1]);
    }
  }
  return total;
}

void perplexity(const Options& options) {
  const std::string text = read_file(options.file);
  const int threads =
      options.engine.runtime.threads == 0 ? base::usable_cores() : options.engine.runtime.threads;
  const engine::ModelPackage package =
      engine::load_package(framework::find_model(options.engine.model), threads);
  const std::vector<base::TokenId> ids = package.tokenizer->encode(
      text, {.recognise_special = false, .add_bos = package.tokenizer->wants_bos()});
  const std::size_t windows = ids.size() / options.context;
  if (windows == 0) {
    throw InvalidArgument(fmt::format(
        "{}: {} tokens do not fill one window of {}: take a longer text or a smaller --context",
        options.file, ids.size(), options.context));
  }
  engine::Engine engine(package.model, {.threads = threads,
                                        .kv_type = options.engine.runtime.kv_type,
                                        .context = options.context,
                                        .prefix_reuse = false});
  LogitsFile out(options.logits);
  double total = 0;
  std::size_t scored = 0;
  {
    Progress progress("perplexity", windows);
    for (std::size_t w = 0; w < windows; ++w) {
      total += score(engine, std::span(ids).subspan(w * options.context, options.context), out);
      scored += options.context - 1;
      progress.update(w + 1, fmt::format("{:.4f}", std::exp(total / static_cast<double>(scored))));
    }
  }
  out.close();
  const double result = std::exp(total / static_cast<double>(scored));
  if (options.json) {
    print_json(nlohmann::ordered_json{{"perplexity", result},
                                      {"tokens", scored},
                                      {"windows", windows},
                                      {"context", options.context},
                                      {"kv", name(options.engine.runtime.kv_type)}});
  } else {
    print(fmt::format("perplexity {:.4f}\ntokens     {}\n", result, scored));
  }
}

}  // namespace

void add_perplexity(CLI::App& program) {
  CLI::App* command = program.add_subcommand("perplexity", description);
  command->footer(examples);
  const auto options = std::make_shared<Options>();
  command->add_option("--file", options->file, "The text.")
      ->type_name("FILE")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--context", options->context, "Tokens in a window. Default: 512.")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{2}, std::size_t{1} << 40));
  command->add_option("--logits", options->logits)->group("");  // for benchmarks/quality
  add_json_option(*command, options->json);
  add_model_option(*command, options->engine);
  add_threads_option(*command, options->engine);
  add_kv_option(*command, options->engine);
  command->callback([options] { perplexity(*options); });
}

}  // namespace espalier::cli
