#include "cli/guide_input.h"

#include <CLI/CLI.hpp>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "espalier/error.h"

namespace espalier::cli {
namespace {

constexpr const char* guide_group = "Guide options, one at most";

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> choices;
  for (;;) {
    const std::size_t comma = list.find(',');
    choices.emplace_back(list.substr(0, comma));
    if (choices.back().empty()) {
      throw InvalidArgument(
          "--choices: a choice is empty; texts with commas, or none at all, are for --grammar: "
          R"({"either": ["a, b", ""]})");
    }
    if (comma == std::string_view::npos) return choices;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

void add_guide_options(CLI::App& command, GuideInput& input) {
  std::vector<CLI::Option*> options;
  const auto add = [&](const char* spelling, std::optional<std::string>& value, const char* type,
                       const char* help) {
    CLI::Option* option = command.add_option(spelling, value, help);
    option->type_name(type)->group(guide_group);
    for (CLI::Option* other : options) option->excludes(other);
    options.push_back(option);
  };
  add("--schema", input.schema, "FILE", "A JSON Schema that the answer must fit.");
  add("--regex", input.regex, "REGEX",
      "A regular expression (ECMA-262, as in a schema's `pattern`) that the answer must match from "
      "its first character to its last.");
  add("--choices", input.choices, "A,B,…", "Texts with commas between them: the answer is one.");
  add("--grammar", input.grammar, "FILE",
      "A grammar as JSON that the answer must follow: texts, regular expressions, JSON and free "
      "text, composed.");
}

std::shared_ptr<const guide::Guide> guide_of(const GuideInput& input,
                                             const std::bitset<256>& missing_bytes) {
  using guide::Guide;
  guide::SchemaOptions options = guide::answer_options;
  options.missing_bytes = missing_bytes;
  const auto open = [](const std::string& file) {
    constexpr base::JsonLimits limits{.depth = 256};
    return base::JsonDocument::open(file, limits);
  };
  if (input.schema) return Guide::of_schema(open(*input.schema).root(), options);
  if (input.grammar) return Guide::of_grammar(open(*input.grammar).root(), options);
  if (input.regex) return Guide::of_regex(*input.regex, missing_bytes);
  if (input.choices) return Guide::of_choices(split(*input.choices), missing_bytes);
  return nullptr;
}

}  // namespace espalier::cli
