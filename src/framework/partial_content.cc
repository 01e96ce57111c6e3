#include "framework/partial_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/json_text.h"
#include "espalier/error.h"
#include "framework/content_nodes.h"
#include "text/utf8.h"

namespace espalier::framework {
namespace {

using Kind = GeneratedContent::Kind;

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_in_scalar(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' ||
         c == 'E';
}

}  // namespace

void PartialContent::feed(std::string_view bytes) {
  for (const char c : bytes) {
    take(c);
    ++bytes_;
  }
}

void PartialContent::take(char c) {
  switch (state_) {
    case State::string:
      return take_in_string(c);
    case State::escape:
      return take_escape(c);
    case State::code_unit:
      return take_code_unit(c);
    case State::scalar:
      if (is_in_scalar(c)) {
        text_ += c;
        return;
      }
      end_scalar();
      break;
    default:
      break;
  }
  if (is_blank(c)) return;
  if (!take_between(c)) fail(fmt::format("\"{}\" is out of place", c));
}

// What stands between strings, numbers and literals.
bool PartialContent::take_between(char c) {
  switch (state_) {
    case State::element_or_end:
      if (c == ']') return close(c), true;
      [[fallthrough]];
    case State::value:
      return begin_value(c), true;
    case State::key_or_end:
      if (c == '}') return close(c), true;
      [[fallthrough]];
    case State::key:
      return c == '"' && (begin_string(true), true);
    case State::colon:
      state_ = State::value;
      return c == ':';
    case State::more_or_end:
      if (c == ']' || c == '}') return close(c), true;
      state_ = open_.back().is_structure ? State::key : State::value;
      return c == ',';
    default:
      return false;
  }
}

void PartialContent::begin_value(char c) {
  if (c == '{' || c == '[') return open(c == '{');
  if (c == '"') return begin_string(false);
  if (!is_in_scalar(c)) fail(fmt::format("\"{}\" begins no value", c));
  state_ = State::scalar;
  text_ = c;
}

void PartialContent::begin_string(bool of_key) {
  state_ = State::string;
  string_is_key_ = of_key;
  text_.clear();
}

void PartialContent::open(bool is_structure) {
  if (open_.size() == content_depth) {
    fail(fmt::format("more than {} arrays and objects are in each other", content_depth));
  }
  open_.push_back({.is_structure = is_structure, .elements = {}, .properties = {}, .key = {}});
  state_ = is_structure ? State::key_or_end : State::element_or_end;
}

void PartialContent::close(char bracket) {
  if ((bracket == '}') != open_.back().is_structure) {
    fail(fmt::format("\"{}\" closes what it did not open", bracket));
  }
  Open ended = std::move(open_.back());
  open_.pop_back();
  end_value(ended.is_structure ? GeneratedContent::structure(std::move(ended.properties))
                               : GeneratedContent::array(std::move(ended.elements)));
}

void PartialContent::end_value(GeneratedContent value) {
  state_ = State::more_or_end;
  if (open_.empty()) {
    root_ = std::move(value);
    state_ = State::end;
  } else if (open_.back().is_structure) {
    open_.back().properties.push_back({std::move(open_.back().key), std::move(value)});
  } else {
    open_.back().elements.push_back(std::move(value));
  }
}

void PartialContent::end_scalar() {
  if (text_ == "null") return end_value({});
  if (text_ == "true" || text_ == "false") {
    return end_value(GeneratedContent::boolean(text_ == "true"));
  }
  if (!base::is_json_number(text_)) fail(fmt::format("\"{}\" is no value", text_));
  end_value(GeneratedContent::spelled_number(text_));
}

void PartialContent::take_in_string(char c) {
  if (c == '\\') {
    state_ = State::escape;
    return;
  }
  if (high_half_ != 0) fail("half of a surrogate pair stands alone");
  if (c == '"') return end_string();
  if (static_cast<unsigned char>(c) < 0x20) fail("a control character stands in a string");
  text_ += c;
}

void PartialContent::take_escape(char c) {
  constexpr std::string_view letters = "bfnrt\"\\/";
  constexpr std::string_view characters = "\b\f\n\r\t\"\\/";
  if (c == 'u') {
    state_ = State::code_unit;
    code_unit_ = 0;
    digits_ = 0;
    return;
  }
  const std::size_t found = letters.find(c);
  if (found == std::string_view::npos) fail(fmt::format("\\{} is no escape", c));
  if (high_half_ != 0) fail("half of a surrogate pair stands alone");
  text_ += characters[found];
  state_ = State::string;
}

void PartialContent::take_code_unit(char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  const std::size_t digit = hex.find(lower);
  if (digit == std::string_view::npos) fail(fmt::format("\"{}\" is no hexadecimal digit", c));
  code_unit_ = code_unit_ << 4 | static_cast<std::uint32_t>(digit);
  if (++digits_ == 4) append_code_point();
}

void PartialContent::append_code_point() {
  state_ = State::string;
  const bool is_low = code_unit_ >= 0xDC00 && code_unit_ < 0xE000;
  if (is_low != (high_half_ != 0)) fail("half of a surrogate pair stands alone");
  if (code_unit_ >= 0xD800 && code_unit_ < 0xDC00) {
    high_half_ = code_unit_;
    return;
  }
  const std::uint32_t high = std::exchange(high_half_, 0);
  text::append_utf8(is_low ? 0x10000 + ((high - 0xD800) << 10) + (code_unit_ - 0xDC00) : code_unit_,
                    text_);
}

void PartialContent::end_string() {
  if (!text::is_valid_utf8(text_)) fail("the string that ends here is not UTF-8");
  if (!string_is_key_) return end_value(GeneratedContent::string(std::move(text_)));
  const auto& properties = open_.back().properties;
  if (std::any_of(properties.begin(), properties.end(),
                  [this](const auto& each) { return each.key == text_; })) {
    fail(fmt::format("the key \"{}\" comes twice", text_));
  }
  open_.back().key = std::move(text_);
  state_ = State::colon;
}

GeneratedContent PartialContent::content() const {
  using Node = GeneratedContent::Node;
  const auto incomplete = [](Node node) {
    node.complete = false;
    return GeneratedContent(std::make_shared<const Node>(std::move(node)));
  };
  if (state_ == State::end) return root_;

  GeneratedContent inner;
  const bool in_string =
      state_ == State::string || state_ == State::escape || state_ == State::code_unit;
  bool has_inner = in_string && !string_is_key_;
  if (has_inner) {
    const std::size_t whole = text_.size() - text::unfinished_bytes(text_);
    inner = incomplete({.kind = Kind::string, .text = text_.substr(0, whole)});
  }
  for (auto open = open_.rbegin(); open != open_.rend(); ++open) {
    Node node = {.kind = open->is_structure ? Kind::structure : Kind::array,
                 .elements = open->elements,
                 .properties = open->properties};
    if (has_inner && open->is_structure) node.properties.push_back({open->key, std::move(inner)});
    if (has_inner && !open->is_structure) node.elements.push_back(std::move(inner));
    inner = incomplete(std::move(node));
    has_inner = true;
  }
  return has_inner ? inner : incomplete({});
}

void PartialContent::fail(std::string_view problem) const {
  throw DecodingFailure(fmt::format("content: byte {}: {}", bytes_, problem));
}

}  // namespace espalier::framework
