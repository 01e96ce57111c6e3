#include "framework/call_reader.h"

#include <algorithm>
#include <utility>

#include "espalier/error.h"

namespace espalier::framework {
namespace {

// How many of the last bytes of `text` might be the beginning of `mark`.
std::size_t begun(std::string_view text, std::string_view mark) {
  for (std::size_t n = std::min(text.size(), mark.size() - 1); n > 0; --n) {
    if (text.ends_with(mark.substr(0, n))) return n;
  }
  return 0;
}

// Behind the object that begins at `begin`.
std::size_t object_end(std::string_view json, std::size_t begin) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t at = begin; at < json.size(); ++at) {
    const char c = json[at];
    if (in_string) {
      if (c == '\\') ++at;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return at + 1;
    }
  }
  return json.size();
}

bool means(std::string_view json, const GeneratedContent& content) {
  try {
    return GeneratedContent::from_json(json) == content;
  } catch (const DecodingFailure&) {
    return false;
  }
}

}  // namespace

std::string CallReader::push(std::string_view piece) {
  waiting_ += piece;
  if (in_calls_) return "";
  std::size_t text = 0;  // how much of what waits is text
  if (at_begin_only_) {
    in_calls_ = at_begin_ && waiting_.starts_with(style_.trigger);
    at_begin_ = at_begin_ && style_.trigger.starts_with(waiting_);
    if (!in_calls_ && !at_begin_) text = waiting_.size();
  } else {
    const std::size_t trigger = waiting_.find(style_.trigger);
    in_calls_ = trigger != std::string::npos;
    text = in_calls_ ? trigger : waiting_.size() - begun(waiting_, style_.trigger);
  }
  std::string given = waiting_.substr(0, text);
  waiting_.erase(0, text);
  return given;
}

std::string CallReader::finish() { return in_calls_ ? "" : std::exchange(waiting_, ""); }

std::vector<Transcript::ToolCall> CallReader::calls() const {
  std::vector<Transcript::ToolCall> found;
  const std::string_view text = waiting_;
  // Between objects no brace stands.
  for (std::size_t begin = text.find('{'); begin != std::string::npos;) {
    const std::size_t end = object_end(text, begin);
    const auto call = GeneratedContent::from_json(text.substr(begin, end - begin));
    found.push_back({.tool_name = std::string(call.find("name")->text()),
                     .arguments = *call.find(style_.arguments_key)});
    begin = text.find('{', end);
  }
  return found;
}

bool spells_calls(const text::ToolStyle& style, std::string_view text, std::string_view front,
                  const std::vector<Transcript::ToolCall>& calls) {
  const auto take = [&](std::string_view part) {
    const bool is_there = text.starts_with(part);
    if (is_there) text.remove_prefix(part.size());
    return is_there;
  };
  if (!take(front)) return false;
  bool is_first = true;
  for (const Transcript::ToolCall& call : calls) {
    if (!std::exchange(is_first, false) && !take("\n")) return false;
    const std::string begin = text::call_begin(style, call.tool_name);
    if (!text.starts_with(begin)) return false;
    const std::size_t end = object_end(text, begin.find('{'));
    if (end <= begin.size()) return false;
    const std::string_view arguments = text.substr(begin.size(), end - 1 - begin.size());
    if (!means(arguments, call.arguments)) return false;
    text.remove_prefix(end - 1);
    if (!take(text::call_end(style))) return false;
  }
  return text.empty();
}

}  // namespace espalier::framework
