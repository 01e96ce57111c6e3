#include "text/utf8.h"

namespace espalier::text {

Utf8Character first_character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, Utf8Status::valid};

  // The second byte's range is narrower after four leads: that alone keeps out overlong forms
  // (E0, F0), surrogates (ED) and what lies above U+10FFFF (F4).
  std::uint8_t size = 0;
  std::uint8_t lowest = 0x80;
  std::uint8_t highest = 0xBF;
  char32_t code_point = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    size = 2;
    code_point = lead & 0x1F;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    size = 3;
    code_point = lead & 0x0F;
    if (lead == 0xE0) lowest = 0xA0;
    if (lead == 0xED) highest = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    size = 4;
    code_point = lead & 0x07;
    if (lead == 0xF0) lowest = 0x90;
    if (lead == 0xF4) highest = 0x8F;
  } else {
    return {0, 1, Utf8Status::invalid};
  }

  for (std::uint8_t i = 1; i < size; ++i) {
    if (i == text.size()) return {0, i, Utf8Status::incomplete};
    if (byte(i) < lowest || byte(i) > highest) return {0, i, Utf8Status::invalid};
    code_point = (code_point << 6) | (byte(i) & 0x3F);
    lowest = 0x80;
    highest = 0xBF;
  }
  return {code_point, size, Utf8Status::valid};
}

bool is_valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const Utf8Character character = first_character(text);
    if (character.status != Utf8Status::valid) return false;
    text.remove_prefix(character.size);
  }
  return true;
}

void append_utf8(char32_t code_point, std::string& out) {
  const auto tail = [&](int shift) {
    out.push_back(static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)));
  };
  if (code_point < 0x80) {
    out.push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code_point >> 6)));
    tail(0);
  } else if (code_point < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (code_point >> 12)));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xF0 | (code_point >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::size_t append_repaired(std::string_view bytes, std::string& out) {
  std::size_t copied = 0;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const Utf8Character character = first_character(bytes.substr(at));
    if (character.status != Utf8Status::valid) {
      out.append(bytes, copied, at - copied);
      copied = at;
      if (character.status == Utf8Status::incomplete) return at;
      out.append(replacement_character);
      copied += character.size;
    }
    at += character.size;
  }
  out.append(bytes, copied, at - copied);
  return at;
}

std::size_t unfinished_bytes(std::string_view text) noexcept {
  for (std::size_t n = 1; n < longest_utf8 && n <= text.size(); ++n) {
    const std::string_view rest = text.substr(text.size() - n);
    if ((static_cast<unsigned char>(rest.front()) & 0xC0U) == 0x80U) continue;
    return first_character(rest).status == Utf8Status::incomplete ? n : 0;
  }
  return 0;
}

}  // namespace espalier::text
