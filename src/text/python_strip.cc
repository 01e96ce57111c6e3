#include "text/python_strip.h"

#include <cstddef>

#include "text/utf8.h"

namespace espalier::text {
namespace {

// str.isspace: what Unicode calls white space, and the four separators U+001C to U+001F.
bool is_space(char32_t c) noexcept {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

bool is_space(std::string_view character) noexcept {
  const Utf8Character read = first_character(character);
  return read.status == Utf8Status::valid && read.size == character.size() &&
         is_space(read.code_point);
}

}  // namespace

std::string_view python_strip(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t size = first_character(text).size;
    if (!is_space(text.substr(0, size))) break;
    text.remove_prefix(size);
  }
  constexpr std::size_t longest = 3;  // bytes of a space
  for (std::size_t size = 1; size <= longest && size <= text.size();) {
    if (is_space(text.substr(text.size() - size))) {
      text.remove_suffix(size);
      size = 1;
    } else {
      ++size;
    }
  }
  return text;
}

}  // namespace espalier::text
