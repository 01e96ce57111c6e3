#include "framework/written_tokens.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "espalier/error.h"
#include "framework/call_reader.h"
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

// As content, cut or whole: JSON can be spelled in many ways.
bool is_content(const std::string& text, const GeneratedContent& content) {
  try {
    return (content.is_complete() ? GeneratedContent::from_json(text)
                                  : GeneratedContent::from_partial_json(text)) == content;
  } catch (const DecodingFailure&) {
    return false;
  }
}

bool is_message(const text::ToolStyle& tools, std::span<const Transcript::Entry> message,
                const std::string& text) {
  if (const auto* made = std::get_if<Transcript::ToolCalls>(&message.back())) {
    const std::string front = message.size() > 1 ? entry_text(message.front()) : "";
    return spells_calls(tools, text, front, made->calls);
  }
  const std::vector<Transcript::Segment>& segments =
      std::get<Transcript::Response>(message.back()).segments;
  const auto* structure =
      segments.size() == 1 ? std::get_if<Transcript::StructureSegment>(&segments[0]) : nullptr;
  return structure != nullptr ? is_content(text, structure->content)
                              : text == entry_text(message.back());
}

}  // namespace

void set_token_ids(Transcript::Entry& entry, std::vector<base::TokenId> ids) {
  if (auto* response = std::get_if<Transcript::Response>(&entry)) {
    response->token_ids = std::move(ids);
  } else {
    std::get<Transcript::ToolCalls>(entry).token_ids = std::move(ids);
  }
}

std::optional<std::span<const base::TokenId>> written_tokens(
    const text::Tokenizer& tokenizer, const text::ToolStyle& tools,
    std::span<const Transcript::Entry> message) {
  const std::vector<base::TokenId>* ids = token_ids(message.back());
  if (ids == nullptr || ids->empty()) return std::nullopt;
  const auto size = static_cast<base::TokenId>(tokenizer.vocabulary_size());
  // A special token has no text, so a transcript could hide the end of a turn in an answer.
  const bool are_text = std::ranges::all_of(
      *ids, [&](base::TokenId id) { return id >= 0 && id < size && !tokenizer.is_special(id); });
  if (!are_text) return std::nullopt;
  if (!is_message(tools, message, decoded(tokenizer, *ids))) return std::nullopt;
  return std::span<const base::TokenId>(*ids);
}

}  // namespace espalier::framework
