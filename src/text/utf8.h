// Strict UTF-8 (Unicode 16, table 3-7): no surrogates, no overlong forms, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace espalier::text {

enum class Utf8Status : std::uint8_t {
  valid,       // a whole character
  invalid,     // bytes that no continuation can save
  incomplete,  // the text ends inside what is a character so far
};

// The character at the front of a text. Where status is not `valid`, code_point means nothing and
// size counts the "maximal subpart": the bytes that one U+FFFD stands for, as in Rust, Python and
// the web's decoders.
struct Utf8Character {
  char32_t code_point;
  std::uint8_t size;
  Utf8Status status;
};

// `text` must not be empty.
Utf8Character first_character(std::string_view text) noexcept;

bool is_valid_utf8(std::string_view text) noexcept;

// Appends one character; `code_point` must be a Unicode scalar value.
void append_utf8(char32_t code_point, std::string& out);

// Appends `bytes` with every maximal subpart that is not UTF-8 replaced by U+FFFD. An incomplete
// character at the end is left alone, for more bytes may follow: returns the count of bytes read.
std::size_t append_repaired(std::string_view bytes, std::string& out);

inline constexpr std::size_t longest_utf8 = 4;  // bytes of a character

// How many bytes at the end of a text are the beginning of a character that lacks bytes.
std::size_t unfinished_bytes(std::string_view text) noexcept;

inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

}  // namespace espalier::text
