// What code under test asks of the heap. A test program that lists counted_allocation_testing.cc
// counts every allocation it makes.
#pragma once

#include <cstddef>

namespace espalier::testing {

// All bytes asked for by operator new since the program began, given back or not.
std::size_t allocated_bytes() noexcept;

// What `call` asks for.
template <class Call>
std::size_t bytes_allocated_by(Call call) {
  const std::size_t before = allocated_bytes();
  call();
  return allocated_bytes() - before;
}

// What a hostile file may cost beside its own size.
inline constexpr std::size_t most_beside_the_file = std::size_t{64} << 20;

}  // namespace espalier::testing
