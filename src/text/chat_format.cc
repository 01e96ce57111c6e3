#include "text/chat_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "espalier/error.h"

namespace espalier::text {
namespace {

// ChatML, OpenAI's format of 2023:
//   <|im_start|>ROLE\nCONTENT<|im_end|>\n     for each message
//   <|im_start|>assistant\n                   to make the model answer
constexpr std::string_view chatml_start = "<|im_start|>";
constexpr std::string_view chatml_end = "<|im_end|>";

// A Jinja string literal's text: '\n' may stand for a line's end.
std::string unescaped(std::string_view literal) {
  std::string text;
  for (std::size_t i = 0; i < literal.size(); ++i) {
    if (literal[i] != '\\' || i + 1 == literal.size()) {
      text.push_back(literal[i]);
      continue;
    }
    const char escaped = literal[++i];
    switch (escaped) {
      case 'n':
        text.push_back('\n');
        break;
      case 't':
        text.push_back('\t');
        break;
      case '\\':
      case '\'':
      case '"':
        text.push_back(escaped);
        break;
      default:
        text.push_back('\\');
        text.push_back(escaped);
    }
  }
  return text;
}

// The string literals of a template, in their order, unescaped.
std::vector<std::string> string_literals(std::string_view jinja) {
  std::vector<std::string> literals;
  for (std::size_t i = 0; i < jinja.size(); ++i) {
    const char quote = jinja[i];
    if (quote != '\'' && quote != '"') continue;
    const std::size_t begin = i + 1;
    for (i = begin; i < jinja.size() && jinja[i] != quote; ++i) {
      if (jinja[i] == '\\') ++i;
    }
    if (i < jinja.size()) literals.push_back(unescaped(jinja.substr(begin, i - begin)));
  }
  return literals;
}

// '<|im_start|>system\nPROMPT<|im_end|>\n' as one literal: the template says it by itself.
std::optional<std::string> literal_system_prompt(std::string_view literal) {
  const std::string front = std::string(chatml_start) + "system\n";
  const std::string back = std::string(chatml_end) + "\n";
  if (!literal.starts_with(front) || !literal.ends_with(back) ||
      literal.size() < front.size() + back.size()) {
    return std::nullopt;
  }
  return std::string(literal.substr(front.size(), literal.size() - front.size() - back.size()));
}

}  // namespace

ChatFormat ChatFormat::from_template(std::string_view jinja) {
  const auto has = [&](std::string_view part) {
    return jinja.find(part) != std::string_view::npos;
  };
  const std::vector<std::string> literals = string_literals(jinja);
  const auto refuse = [](const std::string& why) {
    throw InvalidFile("chat template is not known; known is chatml, " + why);
  };

  for (const std::string_view part : {chatml_start, chatml_end}) {
    if (!has(part)) refuse(fmt::format("which writes '{}'; this template does not", part));
  }
  const std::string prompt = std::string(chatml_start) + "assistant\n";
  if (std::find(literals.begin(), literals.end(), prompt) == literals.end()) {
    refuse(fmt::format("which asks for an answer by '{}assistant\\n'; this template does not",
                       chatml_start));
  }
  // Words of templates that look like ChatML and change what they are given.
  for (const std::string_view word : {"trim", "strip", "replace", "<think>", "bos_token"}) {
    if (has(word)) refuse(fmt::format("which has no '{}'; this template does", word));
  }

  ChatFormat format;
  for (const std::string& literal : literals) {
    if (const auto found = literal_system_prompt(literal)) {
      format.default_system_prompt_ = *found;
      break;
    }
  }
  return format;
}

ChatFormat ChatFormat::named(std::string_view name) {
  if (name != "chatml") {
    throw InvalidArgument(fmt::format("chat format '{}' is not known; known is chatml", name));
  }
  return {};
}

void ChatFormat::render_message(const ChatMessage& message, std::size_t index,
                                Segments& segments) const {
  if (index == 0 && message.role != "system" && !default_system_prompt_.empty()) {
    render_message({"system", default_system_prompt_}, index, segments);
  }
  segments.push_back({true, std::string(chatml_start)});
  // One segment: a pre-tokeniser may join the line's end with spaces at the content's front.
  segments.push_back({false, message.role + "\n" + message.content});
  render_message_end(segments);
}

void ChatFormat::render_message_end(Segments& segments) {
  segments.push_back({true, std::string(chatml_end)});
  segments.push_back({false, "\n"});
}

void ChatFormat::render_generation_prompt(Segments& segments) {
  segments.push_back({true, std::string(chatml_start)});
  segments.push_back({false, "assistant\n"});
}

void ChatFormat::encode(const Tokenizer& tokenizer, const Segments& segments,
                        std::vector<TokenId>& ids) {
  for (const Segment& segment : segments) {
    if (!segment.is_marker) {
      tokenizer.encode(segment.text, {.recognise_special = false}, ids);
      continue;
    }
    const std::optional<TokenId> marker = tokenizer.find_special(segment.text);
    if (!marker) {
      throw InvalidFile(fmt::format(
          "the chat format needs the special token '{}', which the vocabulary lacks: this model "
          "was not trained for it",
          segment.text));
    }
    ids.push_back(*marker);
  }
}

void ChatFormat::append_message(const Tokenizer& tokenizer, const ChatMessage& message,
                                std::size_t index, std::vector<TokenId>& ids) const {
  Segments segments;
  render_message(message, index, segments);
  encode(tokenizer, segments, ids);
}

void ChatFormat::append_generation_prompt(const Tokenizer& tokenizer,
                                          std::vector<TokenId>& ids) const {
  Segments segments;
  render_generation_prompt(segments);
  encode(tokenizer, segments, ids);
}

void ChatFormat::append_answer(const Tokenizer& tokenizer, std::span<const TokenId> answer,
                               std::vector<TokenId>& ids) const {
  ids.insert(ids.end(), answer.begin(), answer.end());
  Segments segments;
  render_message_end(segments);
  encode(tokenizer, segments, ids);
}

std::vector<TokenId> ChatFormat::stop_tokens(const Tokenizer& tokenizer) const {
  std::vector<TokenId> stops;
  for (const std::optional<TokenId> id :
       {tokenizer.find_special(chatml_end), tokenizer.eos(), tokenizer.eot()}) {
    if (id && std::find(stops.begin(), stops.end(), *id) == stops.end()) stops.push_back(*id);
  }
  return stops;
}

std::string ChatFormat::render_text(std::span<const ChatMessage> messages,
                                    bool add_generation_prompt) const {
  Segments segments;
  for (std::size_t i = 0; i < messages.size(); ++i) render_message(messages[i], i, segments);
  if (add_generation_prompt) render_generation_prompt(segments);
  std::string text;
  for (const Segment& segment : segments) text += segment.text;
  return text;
}

}  // namespace espalier::text
