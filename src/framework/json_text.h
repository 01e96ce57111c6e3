// Strings and numbers as JSON spells them.
#pragma once

#include <string>
#include <string_view>

namespace espalier::framework {

// In quotes, with escapes where JSON needs one: what a guide's plain writing lets through.
void append_json_string(std::string_view text, std::string& json);

// Whether the text is one JSON number, from its first character to its last.
bool is_json_number(std::string_view text) noexcept;

}  // namespace espalier::framework
