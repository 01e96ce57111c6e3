#include "framework/written_tokens.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "espalier/error.h"
#include "text/stream_decoder.h"

namespace espalier::framework {
namespace {

const std::vector<base::TokenId>* token_ids(const Transcript::Entry& entry) {
  if (const auto* response = std::get_if<Transcript::Response>(&entry)) return &response->token_ids;
  if (const auto* calls = std::get_if<Transcript::ToolCalls>(&entry)) return &calls->token_ids;
  return nullptr;
}

std::string decoded(const text::Tokenizer& tokenizer, const std::vector<base::TokenId>& ids) {
  text::StreamDecoder decoder(tokenizer);
  std::string text;
  for (const base::TokenId id : ids) decoder.push(id, text);
  return text + decoder.finish();
}

bool is_blank(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

std::string without_blanks(std::string_view text) {
  std::string rest(text);
  std::erase_if(rest, is_blank);
  return rest;
}

// As content, cut or whole: JSON can be spelled in many ways.
bool is_structure(const std::string& text, const Transcript::Entry& entry) {
  const auto* response = std::get_if<Transcript::Response>(&entry);
  if (response == nullptr || response->segments.size() != 1) return false;
  const auto* structure = std::get_if<Transcript::StructureSegment>(&response->segments[0]);
  if (structure == nullptr) return false;
  try {
    return (structure->content.is_complete()
                ? GeneratedContent::from_json(text)
                : GeneratedContent::from_partial_json(text)) == structure->content;
  } catch (const DecodingFailure&) {
    return false;
  }
}

}  // namespace

void set_token_ids(Transcript::Entry& entry, std::vector<base::TokenId> ids) {
  if (auto* response = std::get_if<Transcript::Response>(&entry)) {
    response->token_ids = std::move(ids);
  } else {
    std::get<Transcript::ToolCalls>(entry).token_ids = std::move(ids);
  }
}

std::optional<std::span<const base::TokenId>> written_tokens(const text::Tokenizer& tokenizer,
                                                             const Transcript::Entry& entry,
                                                             std::string_view text) {
  const std::vector<base::TokenId>* ids = token_ids(entry);
  if (ids == nullptr || ids->empty()) return std::nullopt;
  const auto size = static_cast<base::TokenId>(tokenizer.vocabulary_size());
  if (!std::ranges::all_of(*ids, [&](base::TokenId id) { return id >= 0 && id < size; })) {
    return std::nullopt;
  }
  const std::string spelled = decoded(tokenizer, *ids);
  const bool is_text = std::holds_alternative<Transcript::ToolCalls>(entry)
                           ? without_blanks(spelled) == without_blanks(text)
                           : spelled == text;
  if (!is_text && !is_structure(spelled, entry)) return std::nullopt;
  return std::span<const base::TokenId>(*ids);
}

}  // namespace espalier::framework
