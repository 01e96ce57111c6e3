#include "text/tokenizer_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "base/mapped_file.h"
#include "base/message_format.h"
#include "espalier/error.h"
#include "text/tokenizer_json.h"

namespace espalier::text {
namespace {

using base::JsonValue;
using base::TokenId;

constexpr std::size_t longest_template = std::size_t{1} << 20;

// "<s>", or an added token with that content.
std::optional<TokenId> find_token(const JsonValue& config, std::string_view key,
                                  const VocabularyData& data) {
  const auto member = config.find_set(key);
  if (!member) return std::nullopt;
  const JsonValue text = member->is_object() ? member->get("content") : *member;
  const auto found = std::ranges::find(data.tokens, text.as_string());
  if (found == data.tokens.end()) {
    text.fail(fmt::format("{} is not in the vocabulary", base::quoted(text.as_string())));
  }
  return static_cast<TokenId>(found - data.tokens.begin());
}

std::string read_text_file(const std::filesystem::path& path) {
  const base::MappedFile file(path);
  if (file.bytes().size() > longest_template) {
    throw InvalidFile(fmt::format("{}: a chat template of {} bytes is too long; the limit is {}",
                                  path.string(), base::grouped(file.bytes().size()),
                                  base::grouped(longest_template)));
  }
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

}  // namespace

void read_tokenizer_config(const base::JsonDocument& document, VocabularyData& data) {
  const JsonValue config = document.root();
  const std::pair<std::string_view, std::optional<TokenId>*> named[] = {
      {"bos_token", &data.bos}, {"eos_token", &data.eos}, {"pad_token", &data.padding}};
  for (const auto& [key, id] : named) {
    if (const auto token = find_token(config, key, data)) *id = token;
  }
  const std::pair<std::string_view, bool*> added[] = {{"add_bos_token", &data.add_bos},
                                                      {"add_eos_token", &data.add_eos}};
  for (const auto& [key, wanted] : added) {
    if (const auto flag = config.find_bool(key)) *wanted = *flag;
  }
}

std::string read_chat_template(const base::JsonDocument& document) {
  const auto found = document.root().find_set("chat_template");
  if (!found) return {};
  if (!found->is_array()) return std::string(found->as_string());
  for (const JsonValue each : found->elements()) {
    if (each.get_string("name") == "default") return std::string(each.get_string("template"));
  }
  return {};
}

std::string write_tokenizer_config(const VocabularyData& data, const std::string& chat_template,
                                   std::size_t context) {
  // The class that takes everything from tokenizer.json, whatever the family.
  nlohmann::ordered_json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                                   {"model_max_length", context},
                                   {"clean_up_tokenization_spaces", false},
                                   {"add_bos_token", data.add_bos},
                                   {"add_eos_token", data.add_eos}};
  const std::pair<const char*, std::optional<TokenId>> named[] = {{"bos_token", data.bos},
                                                                  {"eos_token", data.eos},
                                                                  {"unk_token", data.unknown},
                                                                  {"pad_token", data.padding}};
  for (const auto& [key, id] : named) {
    if (id) config[key] = data.tokens[static_cast<std::size_t>(*id)];
  }
  if (!chat_template.empty()) config["chat_template"] = chat_template;
  try {
    return config.dump(2) + "\n";
  } catch (const nlohmann::json::type_error&) {
    throw InvalidFile(fmt::format("{}: its chat template is not UTF-8", data.origin));
  }
}

FolderTokenizer read_tokenizer_folder(const std::filesystem::path& folder) {
  FolderTokenizer read;
  read.vocabulary = read_tokenizer_json(
      base::JsonDocument::open(folder / "tokenizer.json", tokenizer_json_limits));
  if (const auto path = folder / "tokenizer_config.json"; std::filesystem::exists(path)) {
    const auto document = base::JsonDocument::open(path, tokenizer_json_limits);
    read_tokenizer_config(document, read.vocabulary);
    read.chat_template = read_chat_template(document);
  }
  if (const auto path = folder / "chat_template.jinja"; std::filesystem::exists(path)) {
    read.chat_template = read_text_file(path);
  }
  return read;
}

}  // namespace espalier::text
