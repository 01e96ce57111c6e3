// One key of a GGUF file: its type and where its value lies in the file. Nothing is copied or
// decoded until somebody asks, so a vocabulary of 262,144 strings costs one walk over their
// lengths.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tensor/byte_cursor.h"

namespace espalier::tensor {

// The numbers are the file's.
enum class GgufType : std::uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};

std::string_view name(GgufType type) noexcept;

// Bytes of a number or boolean; for strings and arrays the fewest that an element can have.
std::size_t smallest_size(GgufType type) noexcept;

struct GgufValue {
  std::string_view key;
  GgufType type = GgufType::u8;
  GgufType element = GgufType::u8;  // of an array; otherwise `type` again
  std::uint64_t count = 1;          // elements of an array
  // A number's bytes, a string's text, an array's elements one after the other (each string and
  // each inner array with its own header).
  std::span<const std::byte> payload;

  std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(payload.data()), payload.size()};
  }
};

// Reads one key with its value and checks all of it: type tags, counts against the bytes that
// remain, booleans, the depth of nested arrays. Throws InvalidFile naming the key.
GgufValue read_gguf_value(ByteCursor& cursor);

// The fewest bytes that a key with its value can have: a key of one letter and a value of one byte.
inline constexpr std::size_t smallest_gguf_value = 8 + 1 + 4 + 1;

// "a string", "an array of i32": how messages speak of a value's type.
std::string describe_type(const GgufValue& value);

// The value for people: numbers and strings as they are (a string's control characters escaped, cut
// after `longest` bytes), arrays as their size and type.
std::string to_text(const GgufValue& value, std::size_t longest = 120);

}  // namespace espalier::tensor
