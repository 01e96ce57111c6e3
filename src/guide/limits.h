// What one guide may cost. Whatever a schema says, compiling it ends within these, or is refused by
// the name of the limit.
#pragma once

#include <cstddef>

namespace espalier::guide {

struct GuideLimits {
  std::size_t terms = std::size_t{1} << 19;   // of regular expressions, after hash-consing
  std::size_t states = std::size_t{1} << 16;  // of automata that questions of emptiness visit
  std::size_t pattern_bytes = std::size_t{1} << 13;
  std::size_t repeat = 1 << 20;              // a bound of {m,n}, minLength, maxLength
  std::size_t nesting = 200;                 // groups in a pattern; schemas applied in place
  std::size_t alternatives = 2048;           // of arrays or objects in one union
  std::size_t nodes = std::size_t{1} << 16;  // schemas and their combinations
  std::size_t regions = 64;                  // kinds of keys an object's patterns make
  std::size_t modulus = 100'000;             // multipleOf, as a whole number of its last digit
  std::size_t digits = 400;                  // of a number in a schema, written without exponent
};

}  // namespace espalier::guide
