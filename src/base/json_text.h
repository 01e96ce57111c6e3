// Strings, numbers and places as JSON spells them.
#pragma once

#include <string>
#include <string_view>

namespace espalier::base {

// In quotes, with escapes where JSON needs one: what a guide's plain writing lets through.
void append_json_string(std::string_view text, std::string& json);

// A byte of a string's inside, likewise.
void append_json_character(char c, std::string& json);

// Whether the text is one JSON number, from its first character to its last.
bool is_json_number(std::string_view text) noexcept;

// The double nearest to a number; ±infinity where it is too large for one. Not to be called with
// what is no number.
double json_number(std::string_view text) noexcept;

// One step of a JSON pointer (RFC 6901): "/" and the key with ~ and / escaped.
std::string json_pointer_step(std::string_view key);

}  // namespace espalier::base
