// espalier tokenize: text to token ids and back.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "engine/model_package.h"
#include "espalier/error.h"
#include "framework/model_store.h"

namespace espalier::cli {
namespace {

constexpr const char* description = R"(turn text into token ids, or back

Reads standard input, byte for byte, and prints the ids of its tokens, one a line. Special tokens that the text spells (<|im_end|>) are recognised; none is added.
With --decode it reads ids, separated by white space or commas or as JSON (an array, or an object with "ids"), and prints the bytes of their tokens: what was encoded comes back as it was. Bytes for which the vocabulary has no token are left out when encoding, with a warning.)";

constexpr const char* examples = R"(printf 'Hello world' | espalier tokenize --pieces
espalier tokenize --json < book.txt
espalier tokenize < book.txt | espalier tokenize --decode | cmp - book.txt)";

constexpr std::size_t named_bytes = 8;  // in a warning

struct Options {
  EngineOptions engine;
  bool json = false;
  bool bos = false;
  bool no_special = false;
  bool pieces = false;
  bool decode = false;
};

void warn_of_dropped_bytes(const text::Tokenizer& tokenizer, const std::string& input,
                           const text::EncodeOptions& how) {
  const std::vector<text::DroppedByte> dropped = tokenizer.dropped_bytes(input, how);
  if (dropped.empty()) return;
  std::string list;
  for (std::size_t i = 0; i < dropped.size() && i < named_bytes; ++i) {
    list += fmt::format("{}0x{:02x} at offset {}", i == 0 ? "" : ", ", dropped[i].value,
                        dropped[i].offset);
  }
  if (dropped.size() > named_bytes) list += ", …";
  complain(
      fmt::format("warning: bytes left out for want of a token: {} ({})", dropped.size(), list));
}

void encode(const text::Tokenizer& tokenizer, const Options& options) {
  const std::string input = read_standard_input();
  const text::EncodeOptions how{.recognise_special = !options.no_special, .add_bos = options.bos};
  const std::vector<text::TokenId> ids = tokenizer.encode(input, how);
  warn_of_dropped_bytes(tokenizer, input, how);
  if (options.json) {
    print("{\"ids\": " + nlohmann::json(ids).dump() + "}\n");
    return;
  }
  std::string lines;
  for (text::TokenId id : ids) {
    lines += std::to_string(id);
    if (options.pieces) {
      const nlohmann::json piece = std::string(tokenizer.token_bytes(id));
      lines += "\t" + piece.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    lines += "\n";
  }
  print(lines);
}

std::vector<text::TokenId> ids_from_json(const std::string& input) {
  const nlohmann::json document = nlohmann::json::parse(input, nullptr, false);
  const nlohmann::json* list = &document;
  if (document.is_object() && document.contains("ids")) list = &document["ids"];
  std::vector<text::TokenId> ids;
  for (const nlohmann::json& each : *list) {
    if (!list->is_array() || !each.is_number_integer() || each > INT32_MAX || each < INT32_MIN) {
      break;
    }
    ids.push_back(each.get<text::TokenId>());
  }
  if (!list->is_array() || ids.size() != list->size()) {
    throw InvalidArgument(
        "standard input is no JSON array of token ids, and no object with such an \"ids\"");
  }
  return ids;
}

std::vector<text::TokenId> ids_from_text(std::string_view input) {
  constexpr std::string_view separators = " \t\r\n,";
  std::vector<text::TokenId> ids;
  std::size_t begin = 0;
  while ((begin = input.find_first_not_of(separators, begin)) != std::string_view::npos) {
    const std::size_t end = std::min(input.find_first_of(separators, begin), input.size());
    const std::string_view word = input.substr(begin, end - begin);
    text::TokenId id = 0;
    const auto [last, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || last != word.data() + word.size()) {
      throw InvalidArgument(fmt::format("'{}' at offset {} of standard input is no token id",
                                        word.substr(0, 40), begin));
    }
    ids.push_back(id);
    begin = end;
  }
  return ids;
}

void decode(const text::Tokenizer& tokenizer, const Options& options) {
  const std::string input = read_standard_input();
  const std::size_t first = input.find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string::npos && (input[first] == '[' || input[first] == '{');
  const std::vector<text::TokenId> ids = is_json ? ids_from_json(input) : ids_from_text(input);
  if (options.json) {
    print_json(nlohmann::ordered_json{
        {"text", tokenizer.decode(ids, {.include_special = !options.no_special})}});
    return;
  }
  print(tokenizer.decode_bytes(ids, {.include_special = !options.no_special}));
}

}  // namespace

void add_tokenize(CLI::App& program) {
  CLI::App* command = program.add_subcommand("tokenize", description);
  command->footer(examples);
  const auto options = std::make_shared<Options>();
  CLI::Option* bos =
      command->add_flag("--bos", options->bos, "Put the model's beginning-of-text token in front.");
  command->add_flag(
      "--no-special", options->no_special,
      "Take special tokens for the text they look like; with --decode, leave them out.");
  CLI::Option* pieces =
      command->add_flag("--pieces", options->pieces, "Print each token's text behind its id.");
  CLI::Option* decode_flag =
      command->add_flag("--decode", options->decode, "Read ids, print text.");
  CLI::Option* json = command->add_flag(
      "--json", options->json,
      "Print {\"ids\": [...]}, or with --decode {\"text\": ...}, in which bytes that are not UTF-8 "
      "become U+FFFD.");
  bos->excludes(decode_flag);
  pieces->excludes(decode_flag, json);
  add_model_option(*command, options->engine);
  command->callback([options] {
    const auto tokenizer = engine::load_tokenizer(framework::find_model(options->engine.model));
    if (options->decode) {
      decode(*tokenizer, *options);
    } else {
      encode(*tokenizer, *options);
    }
  });
}

}  // namespace espalier::cli
