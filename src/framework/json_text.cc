#include "framework/json_text.h"

#include <fmt/format.h>

#include <iterator>

namespace espalier::framework {
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

}  // namespace

void append_json_string(std::string_view text, std::string& json) {
  constexpr std::string_view controls = "\b\f\n\r\t\"\\";
  constexpr std::string_view letters = "bfnrt\"\\";
  json += '"';
  for (const char c : text) {
    const std::size_t short_escape = controls.find(c);
    if (short_escape != std::string_view::npos) {
      json += '\\';
      json += letters[short_escape];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(json), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      json += c;
    }
  }
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

}  // namespace espalier::framework
