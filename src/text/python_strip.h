// White space around a text cut off as Jinja's trim does, which is Python's str.strip.
#pragma once

#include <string_view>

namespace espalier::text {

std::string_view python_strip(std::string_view text) noexcept;

}  // namespace espalier::text
