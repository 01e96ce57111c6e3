// How error messages about files spell numbers and names that the file chose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace espalier::base {

// 1204 as "1,204".
std::string grouped(std::uint64_t number);

// Text that is safe for a terminal: control characters and bytes that are not ASCII become \x1b and
// the like; what stands behind `longest` bytes becomes "…".
std::string printable(std::string_view text, std::size_t longest = 80);

// A name in single quotes, printable.
std::string quoted(std::string_view name, std::size_t longest = 80);

}  // namespace espalier::base
