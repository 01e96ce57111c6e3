#include "text/chat_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "espalier/error.h"

namespace espalier::text {
namespace {

using Family = ChatStyle::Family;

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

// A template taken apart as far as recognising needs.
class Template {
 public:
  explicit Template(std::string_view jinja) : text_(jinja) {
    for (std::size_t i = 0; i < jinja.size(); ++i) {
      const char quote = jinja[i];
      if (quote != '\'' && quote != '"') continue;
      const std::size_t begin = i + 1;
      for (i = begin; i < jinja.size() && jinja[i] != quote; ++i) {
        if (jinja[i] == '\\') ++i;
      }
      if (i < jinja.size()) literals_.push_back(unescaped(jinja.substr(begin, i - begin)));
    }
  }

  bool has(std::string_view part) const noexcept {
    return text_.find(part) != std::string_view::npos;
  }

  // Some string literal holds it, escapes resolved.
  bool writes(std::string_view part) const noexcept {
    return std::ranges::any_of(literals_, [&](const std::string& literal) {
      return literal.find(part) != std::string::npos;
    });
  }

  // The first literal that is one of `texts`, whole.
  std::optional<std::string> first_of(std::initializer_list<std::string_view> texts) const {
    const auto found = std::ranges::find_if(
        literals_, [&](const std::string& literal) { return std::ranges::count(texts, literal); });
    return found == literals_.end() ? std::nullopt : std::optional(*found);
  }

  const std::vector<std::string>& literals() const noexcept { return literals_; }

 private:
  std::string_view text_;
  std::vector<std::string> literals_;  // in their order
};

// What tells a format: what its templates write, and words of templates that look like it and
// change what they are given. An empty entry is none.
struct Signs {
  std::string_view format;
  std::array<std::string_view, 4> written;
  std::array<std::string_view, 4> foreign;
};

constexpr Signs all_signs[] = {
    {"chatml",
     {"<|im_start|>", "<|im_end|>", "<|im_start|>assistant\n"},
     {"trim", "strip", "replace", "<think>"}},
    {"qwen",
     {"<|im_start|>", "<|im_end|>", "<|im_start|>assistant\n", "</think>"},
     {"trim", "replace", "bos_token"}},
    {"llama3",
     {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>",
      "<|start_header_id|>assistant<|end_header_id|>\n\n"},
     {"strip(", "replace", "<think>"}},
    {"gemma",
     {"<start_of_turn>", "<end_of_turn>", "<start_of_turn>model\n"},
     {"strip(", "replace", "<think>"}},
    {"mistral", {"[INST]", "[/INST]"}, {"<<SYS>>", "replace", "[THINK]", "[SYSTEM_PROMPT]"}},
};

struct Comparison {
  std::size_t written = 0;  // signs found
  std::string difference;   // the first sign that speaks against the format
};

Comparison compare(const Template& jinja, const Signs& signs) {
  Comparison result;
  for (const std::string_view part : signs.written) {
    if (part.empty()) continue;
    if (jinja.has(part) || jinja.writes(part)) {
      ++result.written;
    } else if (result.difference.empty()) {
      std::string shown(part);
      for (std::size_t at = 0; (at = shown.find('\n', at)) != std::string::npos; at += 2) {
        shown.replace(at, 1, "\\n");
      }
      result.difference = fmt::format("which writes '{}'; this template does not", shown);
    }
  }
  if (!result.difference.empty()) return result;
  for (const std::string_view word : signs.foreign) {
    if (word.empty() || !jinja.has(word)) continue;
    result.difference = fmt::format("which has no '{}'; this template does", word);
    break;
  }
  return result;
}

// '<|im_start|>system\nPROMPT<|im_end|>\n' as one literal: the template says it by itself.
std::string chatml_default_prompt(const Template& jinja) {
  constexpr std::string_view front = "<|im_start|>system\n";
  constexpr std::string_view back = "<|im_end|>\n";
  for (const std::string& literal : jinja.literals()) {
    if (literal.starts_with(front) && literal.ends_with(back) &&
        literal.size() >= front.size() + back.size()) {
      return literal.substr(front.size(), literal.size() - front.size() - back.size());
    }
  }
  return {};
}

// Llama 3.1's templates put two dates in front of every system message. Today's is the one the
// template falls back to: a prompt must not depend on the day it is made.
std::string llama3_preamble(const Template& jinja) {
  const auto knowledge = std::ranges::find_if(jinja.literals(), [](const std::string& literal) {
    return literal.starts_with("Cutting Knowledge Date: ") && literal.ends_with('\n');
  });
  if (knowledge == jinja.literals().end()) return {};
  const auto today = std::ranges::find_if(jinja.literals(), [](const std::string& literal) {
    const bool digits_at_ends = literal.size() >= 10 && literal.size() <= 12 &&
                                literal.front() >= '0' && literal.front() <= '3' &&
                                literal.back() >= '0' && literal.back() <= '9';
    return digits_at_ends && std::ranges::count(literal, ' ') == 2;  // 26 Jul 2024
  });
  if (today == jinja.literals().end() || !jinja.writes("Today Date: ")) {
    throw InvalidFile(
        "chat template is not known; the nearest known format is llama3, which gives today's date "
        "as text (\"26 Jul 2024\"); this template does not");
  }
  return *knowledge + "Today Date: " + *today + "\n\n";
}

void read_mistral(const Template& jinja, ChatStyle& style) {
  style.instruction_begin = jinja.first_of({"[INST] ", " [INST] ", "[INST]"}).value_or("[INST] ");
  style.instruction_end = jinja.first_of({" [/INST]", "[/INST]"}).value_or(" [/INST]");
  style.answer_begin = jinja.first_of({" "}).value_or("");
  style.trims_answers = jinja.has("trim");
}

}  // namespace

std::span<const ChatStyle> known_chat_styles() {
  static const std::array<ChatStyle, 5> styles = [] {
    std::array<ChatStyle, 5> made;
    auto& [chatml, llama3, gemma, qwen, mistral] = made;
    chatml.name = "chatml";
    llama3.name = "llama3";
    llama3.family = Family::llama3;
    gemma.name = "gemma";
    gemma.family = Family::gemma;
    llama3.trims = gemma.trims = true;
    qwen.name = "qwen";
    qwen.drops_thinking = true;
    qwen.default_system_prompt = "You are a helpful assistant.";
    mistral.name = "mistral";
    mistral.family = Family::mistral;
    llama3.starts_with_bos = gemma.starts_with_bos = mistral.starts_with_bos = true;
    return made;
  }();
  return styles;
}

ChatStyle recognise_chat_template(std::string_view text) {
  const Template jinja(text);
  const Signs* nearest = nullptr;
  Comparison best;
  for (const Signs& signs : all_signs) {
    Comparison now = compare(jinja, signs);
    const bool matches = now.difference.empty();
    if (nearest == nullptr || matches || now.written > best.written) {
      nearest = &signs;
      best = std::move(now);
    }
    if (matches) break;
  }
  if (!best.difference.empty()) {
    throw InvalidFile(
        fmt::format("chat template is not known; the nearest known format is {}, {} (known are {})",
                    nearest->format, best.difference, ChatFormat::known_names()));
  }
  ChatStyle style = *std::ranges::find(known_chat_styles(), nearest->format, &ChatStyle::name);
  switch (style.family) {
    case Family::chatml:
      style.default_system_prompt = chatml_default_prompt(jinja);
      // Qwen 2.5's is plain ChatML but for what it says of tools.
      if (jinja.writes("# Tools\n\nYou may call one or more functions")) style.tools = "qwen";
      style.starts_with_bos = jinja.has("bos_token");
      break;
    case Family::llama3:
      style.trims = jinja.has("trim");
      style.starts_with_bos = jinja.has("bos_token");
      style.system_preamble = llama3_preamble(jinja);
      break;
    case Family::gemma:
      style.trims = jinja.has("trim");
      style.starts_with_bos = jinja.has("bos_token");
      break;
    case Family::mistral:
      style.starts_with_bos = jinja.has("bos_token");
      read_mistral(jinja, style);
      break;
  }
  return style;
}

}  // namespace espalier::text
