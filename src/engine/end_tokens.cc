#include "engine/end_tokens.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <system_error>

#include "model/hf_keys.h"

namespace espalier::engine {
namespace {

using base::JsonDocument;
using base::JsonValue;
using base::TokenId;

TokenId token_id(const JsonValue& value, std::size_t vocabulary) {
  const auto id = value.as_integer<TokenId>();
  if (id < 0 || static_cast<std::size_t>(id) >= vocabulary) {
    value.fail(fmt::format("{} is no token of the model, which has {}", id, vocabulary));
  }
  return id;
}

JsonDocument open(const std::filesystem::path& path) {
  return JsonDocument::open(path, model::config_json_limits);
}

}  // namespace

std::vector<TokenId> read_end_tokens(const JsonDocument& file, std::size_t vocabulary) {
  const auto value = file.root().find_set("eos_token_id");
  if (!value) return {};
  if (!value->is_array()) return {token_id(*value, vocabulary)};
  std::vector<TokenId> ids;
  for (const JsonValue id : value->elements()) ids.push_back(token_id(id, vocabulary));
  return ids;
}

std::vector<TokenId> read_end_tokens(const std::filesystem::path& folder, std::size_t vocabulary) {
  const auto generation = folder / "generation_config.json";
  std::error_code unreadable;
  if (std::filesystem::exists(generation, unreadable)) {
    auto ids = read_end_tokens(open(generation), vocabulary);
    if (!ids.empty()) return ids;
  }
  return read_end_tokens(open(folder / "config.json"), vocabulary);
}

void add_token_ids(const text::VocabularyData& vocabulary, nlohmann::ordered_json& json) {
  if (vocabulary.bos) json["bos_token_id"] = *vocabulary.bos;
  if (vocabulary.eos) json["eos_token_id"] = *vocabulary.eos;
  if (vocabulary.eot && vocabulary.eot != vocabulary.eos) {
    auto ends = nlohmann::ordered_json::array();
    if (vocabulary.eos) ends.push_back(*vocabulary.eos);
    ends.push_back(*vocabulary.eot);
    json["eos_token_id"] = std::move(ends);
  }
  if (vocabulary.padding) json["pad_token_id"] = *vocabulary.padding;
}

}  // namespace espalier::engine
