// What a caller may choose about a guide made of a JSON Schema.
#pragma once

#include <cstdint>

namespace espalier::guide {

enum class FormatPolicy : std::uint8_t {
  assert_known,  // every format that a draft names holds, or is refused by name
  annotate,      // formats say nothing
};

// White space between tokens of JSON.
enum class WhiteSpace : std::uint8_t {
  none,      // compact: no blank at all
  flexible,  // where JSON allows it, at most SchemaOptions::blanks bytes in a row
};

struct SchemaOptions {
  FormatPolicy format = FormatPolicy::assert_known;
  WhiteSpace white_space = WhiteSpace::flexible;
  // Without a bound a model can write blanks until its tokens are spent. A line's end and the
  // indentation of ten levels fit.
  std::uint32_t blanks = 64;
};

}  // namespace espalier::guide
