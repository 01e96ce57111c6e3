#include "guide/utf32.h"

#include "text/utf8.h"

namespace espalier::guide {

std::optional<std::u32string> to_utf32(std::string_view text) {
  std::u32string characters;
  characters.reserve(text.size());
  while (!text.empty()) {
    const text::Utf8Character character = text::first_character(text);
    if (character.status != text::Utf8Status::valid) return std::nullopt;
    characters += character.code_point;
    text.remove_prefix(character.size);
  }
  return characters;
}

std::string to_utf8(std::u32string_view characters) {
  std::string text;
  for (const char32_t c : characters) text::append_utf8(c, text);
  return text;
}

}  // namespace espalier::guide
