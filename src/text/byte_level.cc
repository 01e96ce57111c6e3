#include "text/byte_level.h"

#include <array>

#include "text/utf8.h"

namespace espalier::text {
namespace {

constexpr char32_t first_stand_in = 0x100;

constexpr bool spells_itself(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Alphabet {
  std::array<char32_t, 256> spelling{};
  std::array<std::uint8_t, 256> stood_for{};  // by U+0100 + index
  unsigned stand_ins = 0;
};

constexpr Alphabet alphabet = [] {
  Alphabet made;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (spells_itself(byte)) {
      made.spelling[byte] = byte;
    } else {
      made.spelling[byte] = first_stand_in + made.stand_ins;
      made.stood_for[made.stand_ins++] = static_cast<std::uint8_t>(byte);
    }
  }
  return made;
}();

}  // namespace

char32_t byte_spelling(std::uint8_t byte) noexcept { return alphabet.spelling[byte]; }

std::optional<std::uint8_t> spelled_byte(char32_t spelling) noexcept {
  if (spelling < first_stand_in) {
    if (!spells_itself(spelling)) return std::nullopt;
    return static_cast<std::uint8_t>(spelling);
  }
  if (spelling - first_stand_in >= alphabet.stand_ins) return std::nullopt;
  return alphabet.stood_for[spelling - first_stand_in];
}

std::string spell_bytes(std::string_view bytes) {
  std::string spelled;
  for (const char byte : bytes) {
    append_utf8(byte_spelling(static_cast<std::uint8_t>(byte)), spelled);
  }
  return spelled;
}

std::string spelled_bytes(std::string_view token) {
  std::string bytes;
  for (std::string_view rest = token; !rest.empty();) {
    const Utf8Character character = first_character(rest);
    const auto byte =
        character.status == Utf8Status::valid ? spelled_byte(character.code_point) : std::nullopt;
    if (!byte) return std::string(token);
    bytes.push_back(static_cast<char>(*byte));
    rest.remove_prefix(character.size);
  }
  return bytes;
}

}  // namespace espalier::text
