#include "text/chat_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "espalier/error.h"
#include "text/chat_markers.h"
#include "text/chat_template.h"
#include "text/python_strip.h"

namespace espalier::text {
namespace {

using Family = ChatStyle::Family;

constexpr std::string_view chatml_start = "<|im_start|>";
constexpr std::string_view chatml_end = "<|im_end|>";
constexpr std::string_view llama3_header = "<|start_header_id|>";
constexpr std::string_view llama3_header_end = "<|end_header_id|>";
constexpr std::string_view llama3_end = "<|eot_id|>";
constexpr std::string_view gemma_start = "<start_of_turn>";
constexpr std::string_view gemma_end = "<end_of_turn>";
constexpr std::string_view mistral_start = "[INST]";
constexpr std::string_view mistral_end = "[/INST]";

// Not in a message, but they end one as well.
constexpr std::string_view llama3_end_of_text = "<|end_of_text|>";
constexpr std::string_view llama3_end_of_call = "<|eom_id|>";

constexpr std::string_view all_markers[] = {
    chatml_start, chatml_end,    llama3_header, llama3_header_end,  llama3_end,        gemma_start,
    gemma_end,    mistral_start, mistral_end,   llama3_end_of_text, llama3_end_of_call};

std::string_view end_marker(Family family) noexcept {
  switch (family) {
    case Family::chatml:
      return chatml_end;
    case Family::llama3:
      return llama3_end;
    case Family::gemma:
      return gemma_end;
    case Family::mistral:
      return {};  // EOS
  }
  return {};
}

// Formats in which a system message is the beginning of the user's first one.
bool joins_system_with_user(Family family) noexcept {
  return family == Family::gemma || family == Family::mistral;
}

}  // namespace

bool is_chat_marker(std::string_view token) noexcept {
  return std::ranges::find(all_markers, token) != std::end(all_markers);
}

ChatFormat ChatFormat::from_template(std::string_view jinja) {
  return ChatFormat(recognise_chat_template(jinja));
}

ChatFormat ChatFormat::named(std::string_view name) {
  for (const ChatStyle& style : known_chat_styles()) {
    if (style.name == name) return ChatFormat(style);
  }
  throw InvalidArgument(
      fmt::format("chat format '{}' is not known; known are {}", name, known_names()));
}

std::string ChatFormat::known_names() {
  std::string names;
  for (const ChatStyle& style : known_chat_styles()) {
    names += names.empty() ? style.name : ", " + style.name;
  }
  return names;
}

std::string ChatFormat::cut(const std::string& content) const {
  return style_.trims ? std::string(python_strip(content)) : content;
}

void ChatFormat::render_chatml(const ChatMessage& message, Segments& segments) const {
  std::string_view content = message.content;
  constexpr std::string_view thinking_end = "</think>";
  if (style_.drops_thinking && message.role == "assistant") {
    if (const std::size_t end = content.rfind(thinking_end); end != std::string_view::npos) {
      content.remove_prefix(end + thinking_end.size());
      content.remove_prefix(std::min(content.find_first_not_of('\n'), content.size()));
    }
  }
  segments.push_back({Segment::Kind::marker, std::string(chatml_start)});
  // One segment: a pre-tokeniser may join the line's end with spaces at the content's front.
  segments.push_back({Segment::Kind::text, message.role + "\n" + std::string(content)});
  render_message_end(segments);
}

void ChatFormat::render_llama3(const ChatMessage& message, bool is_first,
                               Segments& segments) const {
  const bool with_preamble = is_first && message.role == "system";
  segments.push_back({Segment::Kind::marker, std::string(llama3_header)});
  segments.push_back({Segment::Kind::text, message.role});
  segments.push_back({Segment::Kind::marker, std::string(llama3_header_end)});
  segments.push_back({Segment::Kind::text, "\n\n" + (with_preamble ? style_.system_preamble : "") +
                                               cut(message.content)});
  render_message_end(segments);
}

void ChatFormat::render_gemma(const ChatMessage& message, bool turn_is_open,
                              Segments& segments) const {
  const bool is_system = message.role == "system";
  const bool goes_on = turn_is_open && message.role == "user";
  if (turn_is_open && !goes_on) render_message_end(segments);
  std::string text;
  if (!goes_on) {
    segments.push_back({Segment::Kind::marker, std::string(gemma_start)});
    text = (message.role == "assistant" ? "model" : is_system ? "user" : message.role) + "\n";
  }
  // The template cuts no white space off the instructions.
  text += is_system ? message.content + "\n\n" : cut(message.content);
  segments.push_back({Segment::Kind::text, std::move(text)});
  if (!is_system) render_message_end(segments);
}

void ChatFormat::render_mistral(const ChatMessage& message, bool turn_is_open,
                                Segments& segments) const {
  // "[INST] " as a word and what stands around it.
  const auto push_word = [&](const std::string& text, std::string_view word) {
    const std::size_t at = text.find(word);
    if (at > 0) segments.push_back({Segment::Kind::text, text.substr(0, at)});
    segments.push_back({Segment::Kind::word, std::string(word)});
    segments.push_back({Segment::Kind::text, text.substr(at + word.size())});
  };
  if (message.role == "assistant") {
    if (turn_is_open) push_word(style_.instruction_end, mistral_end);
    const std::string content =
        style_.trims_answers ? std::string(python_strip(message.content)) : message.content;
    segments.push_back({Segment::Kind::text, style_.answer_begin + content});
    render_message_end(segments);
    return;
  }
  if (!turn_is_open) push_word(style_.instruction_begin, mistral_start);
  const bool is_system = message.role == "system";
  segments.push_back({Segment::Kind::text, message.content + (is_system ? "\n\n" : "")});
  if (!is_system) push_word(style_.instruction_end, mistral_end);
}

void ChatFormat::render_message(const ChatMessage& message, std::string_view previous_role,
                                Segments& segments) const {
  const bool is_first = previous_role.empty();
  if (is_first && style_.starts_with_bos) segments.push_back({Segment::Kind::bos, ""});
  if (is_first && message.role != "system" &&
      !(style_.default_system_prompt.empty() && style_.system_preamble.empty())) {
    const ChatMessage system{"system", style_.default_system_prompt};
    if (style_.family == Family::llama3) {
      render_llama3(system, true, segments);
    } else {
      render_chatml(system, segments);
    }
  }
  const bool turn_is_open = previous_role == "system";
  switch (style_.family) {
    case Family::chatml:
      render_chatml(message, segments);
      break;
    case Family::llama3:
      render_llama3(message, is_first, segments);
      break;
    case Family::gemma:
      render_gemma(message, turn_is_open, segments);
      break;
    case Family::mistral:
      render_mistral(message, turn_is_open, segments);
      break;
  }
}

void ChatFormat::render_message_end(Segments& segments) const {
  if (style_.family == Family::mistral) {
    segments.push_back({Segment::Kind::eos, ""});
    return;
  }
  segments.push_back({Segment::Kind::marker, std::string(end_marker(style_.family))});
  if (style_.family != Family::llama3) segments.push_back({Segment::Kind::text, "\n"});
}

void ChatFormat::render_generation_prompt(Segments& segments) const {
  switch (style_.family) {
    case Family::chatml:
      segments.push_back({Segment::Kind::marker, std::string(chatml_start)});
      segments.push_back({Segment::Kind::text, "assistant\n"});
      break;
    case Family::llama3:
      segments.push_back({Segment::Kind::marker, std::string(llama3_header)});
      segments.push_back({Segment::Kind::text, "assistant"});
      segments.push_back({Segment::Kind::marker, std::string(llama3_header_end)});
      segments.push_back({Segment::Kind::text, "\n\n"});
      break;
    case Family::gemma:
      segments.push_back({Segment::Kind::marker, std::string(gemma_start)});
      segments.push_back({Segment::Kind::text, "model\n"});
      break;
    case Family::mistral:
      break;  // the user's [/INST] is enough
  }
}

TokenId ChatFormat::require(std::optional<TokenId> token, std::string_view what) {
  if (token) return *token;
  throw InvalidFile(
      fmt::format("the chat format needs {}, which the vocabulary lacks: this model was not "
                  "trained for it",
                  what));
}

void ChatFormat::encode(const Tokenizer& tokenizer, const Segments& segments, TextPlace place,
                        std::vector<TokenId>& ids) {
  // Texts side by side are one text, as in the rendered template.
  std::string text;
  const auto flush = [&] {
    if (text.empty()) return;
    tokenizer.encode(text, {.recognise_special = false, .place = place}, ids);
    text.clear();
  };
  for (const Segment& segment : segments) {
    std::optional<TokenId> token;
    switch (segment.kind) {
      case Segment::Kind::text:
        break;
      case Segment::Kind::word:
        token = tokenizer.find_special(segment.text);
        break;
      case Segment::Kind::marker:
        token = require(tokenizer.find_special(segment.text),
                        fmt::format("the special token '{}'", segment.text));
        break;
      case Segment::Kind::bos:
        token = require(tokenizer.bos(), "a BOS token");
        break;
      case Segment::Kind::eos:
        token = require(tokenizer.eos(), "an EOS token");
        break;
    }
    if (!token) {
      text += segment.text;
      continue;
    }
    flush();
    place = TextPlace::after_token;
    ids.push_back(*token);
  }
  flush();
}

TextPlace ChatFormat::place_behind(const Tokenizer& tokenizer,
                                   std::string_view previous_role) const {
  if (previous_role.empty()) return TextPlace::start;
  if (!joins_system_with_user(style_.family)) return TextPlace::after_token;
  if (previous_role == "system") return TextPlace::inside;  // the user's turn goes on
  if (previous_role == "assistant" || style_.family == Family::gemma) return TextPlace::after_token;
  // Behind [/INST], which is a token in some vocabularies and text in others.
  const bool is_token = style_.instruction_end.ends_with(mistral_end) &&
                        tokenizer.find_special(mistral_end).has_value();
  return is_token ? TextPlace::after_token : TextPlace::inside;
}

void ChatFormat::append_message(const Tokenizer& tokenizer, const ChatMessage& message,
                                std::string_view previous_role, std::vector<TokenId>& ids) const {
  Segments segments;
  render_message(message, previous_role, segments);
  encode(tokenizer, segments, place_behind(tokenizer, previous_role), ids);
}

void ChatFormat::append_generation_prompt(const Tokenizer& tokenizer,
                                          std::vector<TokenId>& ids) const {
  Segments segments;
  render_generation_prompt(segments);
  encode(tokenizer, segments, TextPlace::after_token, ids);
}

void ChatFormat::append_answer(const Tokenizer& tokenizer, std::span<const TokenId> answer,
                               std::vector<TokenId>& ids) const {
  ids.insert(ids.end(), answer.begin(), answer.end());
  Segments segments;
  render_message_end(segments);
  encode(tokenizer, segments, TextPlace::inside, ids);
}

std::vector<TokenId> ChatFormat::stop_tokens(const Tokenizer& tokenizer) const {
  std::vector<std::optional<TokenId>> found = {tokenizer.find_special(end_marker(style_.family)),
                                               tokenizer.eos(), tokenizer.eot()};
  if (style_.family == Family::llama3) {
    found.push_back(tokenizer.find_special(llama3_end_of_text));
    found.push_back(tokenizer.find_special(llama3_end_of_call));
  }
  std::vector<TokenId> stops;
  for (const std::optional<TokenId> id : found) {
    if (id && std::ranges::find(stops, *id) == stops.end()) stops.push_back(*id);
  }
  return stops;
}

std::string ChatFormat::render_text(const Tokenizer& tokenizer,
                                    std::span<const ChatMessage> messages,
                                    bool add_generation_prompt) const {
  Segments segments;
  std::string_view previous_role;
  for (const ChatMessage& message : messages) {
    render_message(message, previous_role, segments);
    previous_role = message.role;
  }
  if (add_generation_prompt) render_generation_prompt(segments);
  std::string text;
  for (const Segment& segment : segments) {
    text += segment.text;
    if (segment.kind == Segment::Kind::bos) {
      text += tokenizer.token_bytes(require(tokenizer.bos(), "a BOS token"));
    } else if (segment.kind == Segment::Kind::eos) {
      text += tokenizer.token_bytes(require(tokenizer.eos(), "an EOS token"));
    }
  }
  return text;
}

}  // namespace espalier::text
