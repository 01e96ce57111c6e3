#include "framework/partial_content.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/json_text.h"
#include "espalier/error.h"
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
  ++begun_;
}

void PartialContent::begin_string(bool of_key) {
  state_ = State::string;
  string_is_key_ = of_key;
  if (of_key) {
    text_.clear();
    return;
  }
  copied_ += std::exchange(string_, {}).copied();
  ++begun_;
  ++changes_;
}

void PartialContent::open(bool is_structure) {
  if (open_.size() == content_depth) {
    fail(fmt::format("more than {} arrays and objects are in each other", content_depth));
  }
  open_.push_back({.is_structure = is_structure, .id = ++begun_});
  ++changes_;
  state_ = is_structure ? State::key_or_end : State::element_or_end;
}

void PartialContent::close(char bracket) {
  if ((bracket == '}') != open_.back().is_structure) {
    fail(fmt::format("\"{}\" closes what it did not open", bracket));
  }
  const Open ended = std::move(open_.back());
  open_.pop_back();
  copied_ += ended.values.copied() + ended.keys.copied();
  end_value(make({.kind = ended.is_structure ? Kind::structure : Kind::array,
                  .id = ended.id,
                  .values = ended.values.all(),
                  .keys = ended.keys.all()}));
}

void PartialContent::end_value(GeneratedContent value) {
  ++changes_;
  state_ = State::more_or_end;
  if (open_.empty()) {
    root_ = std::move(value);
    state_ = State::end;
  } else {
    open_.back().values.push_back(std::move(value));
  }
}

void PartialContent::end_scalar() {
  if (text_ == "null") return end_value(make({.kind = Kind::null, .id = begun_}));
  if (text_ == "true" || text_ == "false") {
    return end_value(make({.kind = Kind::boolean, .boolean = text_ == "true", .id = begun_}));
  }
  if (!base::is_json_number(text_)) fail(fmt::format("\"{}\" is no value", text_));
  if (std::isinf(base::json_number(text_))) fail("a number is too large for a double");
  end_value(
      make({.kind = Kind::number, .id = begun_, .text = SharedPrefix<char>::of(std::move(text_))}));
}

void PartialContent::take_in_string(char c) {
  if (c == '\\') {
    state_ = State::escape;
    return;
  }
  if (high_half_ != 0) fail("half of a surrogate pair stands alone");
  if (c == '"') return end_string();
  if (static_cast<unsigned char>(c) < 0x20) fail("a control character stands in a string");
  append(c);
}

void PartialContent::append(char c) {
  if (string_is_key_) {
    text_ += c;
  } else {
    string_.push_back(c);
    ++changes_;
  }
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
  append(characters[found]);
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
  std::string bytes;
  text::append_utf8(is_low ? 0x10000 + ((high - 0xD800) << 10) + (code_unit_ - 0xDC00) : code_unit_,
                    bytes);
  for (const char c : bytes) append(c);
}

void PartialContent::end_string() {
  const std::string_view text =
      string_is_key_ ? std::string_view(text_) : std::string_view(string_.data(), string_.size());
  if (!text::is_valid_utf8(text)) fail("the string that ends here is not UTF-8");
  if (!string_is_key_) {
    return end_value(make({.kind = Kind::string, .id = begun_, .text = string_.all()}));
  }
  if (!open_.back().seen.insert(text_).second) {
    fail(fmt::format("the key \"{}\" comes twice", text_));
  }
  open_.back().keys.push_back(std::move(text_));
  state_ = State::colon;
}

void PartialContent::end() {
  if (state_ == State::scalar && open_.empty()) end_scalar();
  if (state_ != State::end) fail("the text ends before its value does");
}

GeneratedContent PartialContent::content() {
  if (state_ == State::end) return root_;
  GeneratedContent inner;
  const bool in_string =
      state_ == State::string || state_ == State::escape || state_ == State::code_unit;
  bool has_inner = in_string && !string_is_key_;
  if (has_inner) {
    const std::string_view text(string_.data(), string_.size());
    const std::size_t whole = text.size() - text::unfinished_bytes(text);
    inner =
        make({.kind = Kind::string, .complete = false, .id = begun_, .text = string_.first(whole)});
  }
  for (auto open = open_.rbegin(); open != open_.rend(); ++open) {
    inner = make({.kind = open->is_structure ? Kind::structure : Kind::array,
                  .complete = false,
                  .id = open->id,
                  .values = open->values.all(),
                  .keys = open->keys.all(),
                  .has_last = std::exchange(has_inner, true),
                  .last = std::move(inner)});
  }
  return has_inner ? inner : make({.complete = false});
}

GeneratedContent PartialContent::make(ContentAccess::Node node) {
  ++nodes_;
  return ContentAccess::make(std::move(node));
}

std::size_t PartialContent::work() const noexcept {
  std::size_t work = bytes_ + nodes_ + copied_ + string_.copied();
  for (const Open& open : open_) work += open.values.copied() + open.keys.copied();
  return work;
}

void PartialContent::fail(std::string_view problem) const {
  throw DecodingFailure(fmt::format("content: byte {}: {}", bytes_, problem));
}

}  // namespace espalier::framework
