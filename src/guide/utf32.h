// Texts as code points, which is what patterns, lengths and keys speak of.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace espalier::guide {

// Nothing where the text is not UTF-8.
std::optional<std::u32string> to_utf32(std::string_view text);

std::string to_utf8(std::u32string_view characters);

}  // namespace espalier::guide
