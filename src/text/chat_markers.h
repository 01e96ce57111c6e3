// The control tokens of all known chat formats.
#pragma once

#include <string_view>

namespace espalier::text {

// Whether a token with this text marks who speaks in a chat. Such a token must never come of what a
// user writes, whatever type a file gives it.
bool is_chat_marker(std::string_view token) noexcept;

}  // namespace espalier::text
