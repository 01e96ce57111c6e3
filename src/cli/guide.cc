// espalier guide: what guided generation can hold an answer to, and whether it does.
#include <fmt/format.h>
#include <zlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "engine/model_package.h"
#include "espalier/error.h"
#include "framework/model_store.h"
#include "guide/case_check.h"
#include "guide/format_terms.h"
#include "guide/keyword_support.h"

namespace espalier::cli {
namespace {

constexpr const char* description = R"(say what guided generation supports, or test it

A guide made of a JSON Schema lets a model write only what the schema allows. What cannot be held to exactly is refused before anything is generated, with the keyword and its place.)";

constexpr const char* check_description = R"(judge guides by schemas with valid and invalid values

Reads lines {"name", "schema", "tests": [{"valid", "data"}]}, gzipped or not. Each value is walked through the token masks of its schema's guide up to the end token: in the model's own tokens and in two random divisions into tokens, compact and with blanks. Each mask and step is timed once, on one thread, as it comes; a guide starts cold.)";

constexpr const char* support_description = R"(print which keywords and formats are held to

A keyword that is exact is held to whatever it says, or the schema is refused by name; the note says what is refused of it. An annotation says nothing of what is valid. Formats that no draft of JSON Schema names are annotations and say nothing.)";

constexpr const char* examples = R"(espalier guide support
espalier guide check --cases schemas.jsonl.gz --json)";

struct Options {
  EngineOptions engine;
  std::string cases;
  std::string format = "assert";
  std::size_t every = 1;
  bool json = false;
  bool verbose = false;
};

// Lines of a file that may be gzipped.
class Lines {
 public:
  explicit Lines(const std::string& path) : path_(path), file_(gzopen(path.c_str(), "rb")) {
    if (file_ == nullptr) fail();
  }
  ~Lines() {
    if (file_ != nullptr) gzclose(file_);
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  bool next(std::string& line) {
    line.clear();
    std::array<char, 65'536> part{};
    while (gzgets(file_, part.data(), static_cast<int>(part.size())) != nullptr) {
      line += part.data();
      if (line.ends_with('\n')) return true;
    }
    int error = Z_OK;
    gzerror(file_, &error);
    if (error != Z_OK && error != Z_STREAM_END) fail();
    return !line.empty();
  }

 private:
  [[noreturn]] void fail() const {
    throw AssetsUnavailable(fmt::format("{}: cannot be read", path_));
  }

  std::string path_;
  gzFile file_;
};

struct Totals {
  std::size_t schemas = 0;
  std::size_t refused = 0;
  std::size_t all_tests_right = 0;
  std::size_t tests = 0;
  std::size_t valid_rejected = 0;
  std::size_t invalid_accepted = 0;
  std::map<std::string, std::vector<double>> times;

  void add(const guide::CaseResult& result) {
    ++schemas;
    refused += result.refused.empty() ? 0 : 1;
    all_tests_right += result.all_right() ? 1 : 0;
    tests += result.tests;
    valid_rejected += result.valid_rejected.size();
    invalid_accepted += result.invalid_accepted.size();
    const auto append = [&](const char* name, const std::vector<double>& values) {
      times[name].insert(times[name].end(), values.begin(), values.end());
    };
    append("mask_us", result.mask_us);
    append("accept_us", result.accept_us);
    append("instance_us", result.instance_us);
    times["compile_ms"].push_back(result.compile_ms);
  }
};

nlohmann::ordered_json distribution(std::vector<double> values) {
  if (values.empty()) return nullptr;
  std::ranges::sort(values);
  const auto at = [&](double part) {
    return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
  };
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return {{"mean", sum / static_cast<double>(values.size())},
          {"p50", at(0.5)},
          {"p90", at(0.9)},
          {"p99", at(0.99)},
          {"max", values.back()}};
}

// With every time that was taken.
void print_case_json(const guide::CaseResult& result) {
  print_json_line({{"name", result.name},
                   {"refused", result.refused},
                   {"tests", result.tests},
                   {"valid_rejected", result.valid_rejected},
                   {"invalid_accepted", result.invalid_accepted},
                   {"compile_ms", result.compile_ms},
                   {"mask_us", result.mask_us},
                   {"accept_us", result.accept_us},
                   {"instance_us", result.instance_us}});
}

void print_case(const guide::CaseResult& result) {
  std::string line = printable(result.name) + ": ";
  if (!result.refused.empty()) {
    line += "refused: " + printable(result.refused);
  } else {
    line += result.all_right() ? "right" : "wrong";
  }
  for (const std::string& text : result.valid_rejected) {
    line += "\n  valid, rejected: " + printable(text);
  }
  for (const std::string& text : result.invalid_accepted) {
    line += "\n  invalid, accepted: " + printable(text);
  }
  print(line + "\n");
}

void print_totals(const Totals& totals, bool json) {
  nlohmann::ordered_json document = {{"schemas", totals.schemas},
                                     {"refused", totals.refused},
                                     {"all_tests_right", totals.all_tests_right},
                                     {"tests", totals.tests},
                                     {"valid_rejected", totals.valid_rejected},
                                     {"invalid_accepted", totals.invalid_accepted}};
  for (const char* name : {"mask_us", "accept_us", "compile_ms", "instance_us"}) {
    const auto values = totals.times.find(name);
    document[name] =
        distribution(values == totals.times.end() ? std::vector<double>{} : values->second);
  }
  if (json) {
    print_json(document);
    return;
  }
  std::string lines;
  for (const auto& [key, value] : document.items()) {
    lines += fmt::format("{:<18}{}\n", key, value.dump());
  }
  print(lines);
}

void check(const Options& options) {
  const auto tokenizer = engine::load_tokenizer(framework::find_model(options.engine.model));
  if (!tokenizer->eos()) throw InvalidArgument("the model's vocabulary names no end token");
  guide::SchemaOptions how;
  if (options.format == "annotate") how.format = guide::FormatPolicy::annotate;
  guide::CaseChecker checker(*tokenizer, guide::TokenTrie::of(*tokenizer, {*tokenizer->eos()}),
                             how);
  Lines lines(options.cases);
  Totals totals;
  std::string line;
  constexpr base::JsonLimits limits{.depth = 256};
  for (std::size_t number = 0; lines.next(line); ++number) {
    if (number % options.every != 0) continue;
    const auto document = base::JsonDocument::parse(
        fmt::format("{}, line {}", options.cases, number + 1), line, limits);
    const guide::CaseResult result = checker.check(document.root());
    if (options.verbose && options.json) {
      print_case_json(result);
    } else if (options.verbose) {
      print_case(result);
    }
    totals.add(result);
  }
  if (!options.json || !options.verbose) print_totals(totals, options.json);
}

std::string_view name(guide::KeywordStanding standing) {
  switch (standing) {
    case guide::KeywordStanding::exact:
      return "exact";
    case guide::KeywordStanding::refused:
      return "refused";
    case guide::KeywordStanding::annotation:
      return "annotation";
  }
  return "";
}

void support(bool json) {
  nlohmann::ordered_json keywords = nlohmann::ordered_json::array();
  std::string lines;
  for (const guide::KeywordSupport& each : guide::keyword_support()) {
    const std::string_view standing = name(each.standing);
    keywords.push_back({{"keyword", each.keyword}, {"standing", standing}, {"note", each.note}});
    lines += fmt::format("{:<10} {}{}{}\n", standing, each.keyword, each.note.empty() ? "" : ": ",
                         each.note);
  }
  const auto asserted = guide::asserted_formats();
  const auto refused = guide::unsupported_formats();
  if (json) {
    print_json(
        {{"keywords", keywords}, {"formats", {{"asserted", asserted}, {"refused", refused}}}});
    return;
  }
  lines += fmt::format("exact      format: {}\n", fmt::join(asserted, ", "));
  lines += fmt::format("refused    format: {}; others are annotations\n", fmt::join(refused, ", "));
  print(lines);
}

}  // namespace

void add_guide(CLI::App& program) {
  CLI::App* command = program.add_subcommand("guide", description);
  command->footer(examples);
  command->require_subcommand(1);
  const auto options = std::make_shared<Options>();

  CLI::App* check_command = command->add_subcommand("check", check_description);
  check_command->add_option("--cases", options->cases, "The file of cases.")
      ->required()
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  check_command
      ->add_option("--format", options->format,
                   "assert: formats must hold; annotate: they say nothing.")
      ->check(CLI::IsMember({"assert", "annotate"}))
      ->capture_default_str();
  check_command->add_option("--every", options->every, "Take every Nth case only.")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  check_command->add_flag(
      "--verbose", options->verbose,
      "Print a line for each schema; with --json that is all, and has every time.");
  add_json_option(*check_command, options->json);
  add_model_option(*check_command, options->engine);
  check_command->callback([options] { check(*options); });

  CLI::App* support_command = command->add_subcommand("support", support_description);
  add_json_option(*support_command, options->json);
  support_command->callback([options] { support(options->json); });
}

}  // namespace espalier::cli
