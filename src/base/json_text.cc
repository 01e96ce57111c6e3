#include "base/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <limits>
#include <system_error>

namespace espalier::base {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// How many digits the text begins with, which are taken off.
std::size_t take_digits(std::string_view& text) noexcept {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  text.remove_prefix(count);
  return count;
}

bool take(std::string_view& text, std::string_view any) noexcept {
  if (text.empty() || any.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// Whether a number other than zero is below one in magnitude.
bool is_below_one(std::string_view text) noexcept {
  const std::size_t e = text.find_first_of("eE");
  const std::string_view digits = text.substr(0, e);
  std::int64_t exponent = 0;
  if (e != std::string_view::npos) {
    std::string_view spelled = text.substr(e + 1);
    take(spelled, "+");
    const auto read = std::from_chars(spelled.data(), spelled.data() + spelled.size(), exponent);
    if (read.ec == std::errc::result_out_of_range) return spelled.starts_with('-');
  }
  const auto point = static_cast<std::int64_t>(std::min(digits.find('.'), digits.size()));
  const auto first = static_cast<std::int64_t>(digits.find_first_of("123456789"));
  return exponent <= first - point - (first > point ? 1 : 0);
}

}  // namespace

void append_json_character(char c, std::string& json) {
  constexpr std::string_view escaped = "\b\f\n\r\t\"\\";
  constexpr std::string_view letters = "bfnrt\"\\";
  const std::size_t short_escape = escaped.find(c);
  if (short_escape != std::string_view::npos) {
    json += '\\';
    json += letters[short_escape];
  } else if (static_cast<unsigned char>(c) < 0x20) {
    fmt::format_to(std::back_inserter(json), "\\u{:04x}", static_cast<unsigned>(c));
  } else {
    json += c;
  }
}

void append_json_string(std::string_view text, std::string& json) {
  json += '"';
  for (const char c : text) append_json_character(c, json);
  json += '"';
}

bool is_json_number(std::string_view text) noexcept {
  take(text, "-");
  const bool zero = text.starts_with('0');
  const std::size_t whole = take_digits(text);
  if (whole == 0 || (zero && whole > 1)) return false;
  if (take(text, ".") && take_digits(text) == 0) return false;
  if (take(text, "eE")) {
    take(text, "+-");
    if (take_digits(text) == 0) return false;
  }
  return text.empty();
}

double json_number(std::string_view text) noexcept {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc::result_out_of_range || is_below_one(text)) return value;
  const double infinity = std::numeric_limits<double>::infinity();
  return text.starts_with('-') ? -infinity : infinity;
}

std::string json_pointer_step(std::string_view key) {
  std::string step = "/";
  for (const char c : key) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

}  // namespace espalier::base
