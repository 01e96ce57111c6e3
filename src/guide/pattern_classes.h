// The named classes of ECMA-262: \d, \w, \s, the dot, \p{…}.
#pragma once

#include <optional>
#include <string_view>

#include "guide/code_points.h"

namespace espalier::guide {

CodePoints digit_points();  // \d: ASCII
CodePoints word_points();   // \w: ASCII letters, digits and _
CodePoints space_points();  // \s: WhiteSpace and LineTerminator
CodePoints line_points();   // what a dot does not match: LineTerminator

// \p{name}, where it is known: letters and numbers of Unicode 16, ASCII, Any.
std::optional<CodePoints> property_points(std::string_view name);

}  // namespace espalier::guide
