// How error messages about files spell numbers and names that the file chose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace espalier::tensor {

// 1204 as "1,204".
std::string grouped(std::uint64_t number);

// A name in single quotes, safe for a terminal: control characters and bytes that are not ASCII
// become
// \x1b and the like, and a name is cut after `longest` bytes.
std::string quoted(std::string_view name, std::size_t longest = 80);

}  // namespace espalier::tensor
