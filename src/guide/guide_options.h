// What a caller may choose about a guide made of a JSON Schema.
#pragma once

#include <bitset>
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

// Of all that a text or number may be written as in JSON.
enum class Writing : std::uint8_t {
  any,
  plain,  // escapes where JSON needs one only, numbers without exponent or idle zeros
};

// In which order the keys of an object come.
enum class KeyOrder : std::uint8_t {
  free,
  // As `x-order` lists them, then as `properties` does; then all others. Keys may still be left
  // out. Refused where keys need others, or minProperties wants more than the required ones of few.
  declared,
};

struct SchemaOptions {
  FormatPolicy format = FormatPolicy::assert_known;
  WhiteSpace white_space = WhiteSpace::flexible;
  Writing writing = Writing::any;
  KeyOrder key_order = KeyOrder::free;
  // Without a bound a model can write blanks until its tokens are spent. A line's end and the
  // indentation of ten levels fit.
  std::uint32_t blanks = 64;
  // Bytes that the vocabulary cannot write (Tokenizer::missing_bytes). No answer then has a
  // character with one of them that is not escaped, so that none is begun that cannot be ended.
  std::bitset<256> missing_bytes = {};
};

// What an answer is written in: nothing of its meaning is lost, and a model does not spend tokens
// on blanks, on \u0061 for a, or on zeros behind a point.
inline constexpr SchemaOptions answer_options = {.white_space = WhiteSpace::none,
                                                 .writing = Writing::plain};

}  // namespace espalier::guide
