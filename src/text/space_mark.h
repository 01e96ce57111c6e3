// SentencePiece writes a space as U+2581, so that it can be part of a token in a text file.
#pragma once

#include <string_view>

namespace espalier::text {

inline constexpr std::string_view space_mark = "\u2581";

}  // namespace espalier::text
