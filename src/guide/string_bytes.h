// The inside of a JSON string, byte by byte: UTF-8 and escapes as the code points they stand for.
// And text that is no JSON, where a byte means nothing but UTF-8.
//
// Half a character is a range of code points that it may still become, and is allowed where one of
// them is: `alive(first, last)` says so of what the string must be. So overlong forms, surrogates
// on their own and escapes that lead nowhere are refused at the first byte that settles it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "guide/code_points.h"
#include "guide/guide_options.h"

namespace espalier::guide {

enum class StringByte : std::uint8_t {
  refused,
  part,       // of a character that is not complete
  character,  // a code point is complete
  quote,      // the string's end
};

class StringBytes {
 public:
  bool between_characters() const noexcept { return phase_ == Phase::none; }
  char32_t character() const noexcept { return value_; }  // after StringByte::character
  bool operator==(const StringBytes&) const = default;

  // Of text that is no JSON.
  template <class Alive>
  StringByte read_raw(std::uint8_t byte, const Alive& alive) {
    if (phase_ == Phase::utf8) return continuation(byte, alive);
    return byte < 0x80 ? done(byte) : lead(byte, alive);
  }

  template <class Alive>
  StringByte read(std::uint8_t byte, Writing writing, const Alive& alive) {
    const bool plain = writing == Writing::plain;
    switch (phase_) {
      case Phase::none:
        return first(byte, plain, alive);
      case Phase::utf8:
        return continuation(byte, alive);
      case Phase::escape:
        return escape(byte, plain, alive);
      case Phase::hex:
        if (!hex(byte)) return StringByte::refused;
        return plain ? control(alive) : high(alive);
      case Phase::low_backslash:
        return expect('\\', byte, Phase::low_u);
      case Phase::low_u:
        value_ = 0;
        left_ = 4;
        return expect('u', byte, Phase::low_hex);
      case Phase::low_hex:
        return hex(byte) ? low(alive) : StringByte::refused;
    }
    return StringByte::refused;
  }

 private:
  static constexpr char32_t last_control = 0x1F;

  enum class Phase : std::uint8_t {
    none,
    utf8,           // left_ continuation bytes are missing
    escape,         // behind a backslash
    hex,            // left_ digits are missing
    low_backslash,  // behind \uD800 to \uDBFF
    low_u,
    low_hex,
  };

  StringByte done(char32_t character) {
    *this = {};
    value_ = character;
    return StringByte::character;
  }

  StringByte part_if(bool possible) const {
    return possible ? StringByte::part : StringByte::refused;
  }

  StringByte expect(std::uint8_t wanted, std::uint8_t byte, Phase next) {
    if (byte != wanted) return StringByte::refused;
    phase_ = next;
    return StringByte::part;
  }

  template <class Alive>
  StringByte first(std::uint8_t byte, bool plain, const Alive& alive) {
    if (byte == '"') return StringByte::quote;
    if (byte < 0x20) return StringByte::refused;  // JSON wants control characters escaped
    if (byte == '\\') {
      phase_ = Phase::escape;
      return part_if(plain ? alive('"', '"') || alive('\\', '\\') || alive(0, last_control)
                           : alive(0, last_code_point));
    }
    return byte < 0x80 ? done(byte) : lead(byte, alive);
  }

  template <class Alive>
  StringByte lead(std::uint8_t byte, const Alive& alive) {
    if (byte < 0xC2 || byte > 0xF4) return StringByte::refused;
    left_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    value_ = byte & (0x3FU >> left_);
    least_ = left_ == 1 ? 0x80 : left_ == 2 ? 0x800 : 0x10000;
    phase_ = Phase::utf8;
    return utf8(alive);
  }

  template <class Alive>
  StringByte continuation(std::uint8_t byte, const Alive& alive) {
    if ((byte & 0xC0U) != 0x80) return StringByte::refused;
    value_ = value_ << 6 | (byte & 0x3FU);
    --left_;
    return utf8(alive);
  }

  template <class Alive>
  StringByte utf8(const Alive& alive) {
    const char32_t begin = value_ << (6U * left_);
    const char32_t end = begin + (char32_t{1} << (6U * left_)) - 1;
    const char32_t from = std::max(begin, least_);
    const char32_t to = std::min(end, last_code_point);
    if (from > to || !alive(from, to)) return StringByte::refused;
    return left_ == 0 ? done(value_) : StringByte::part;
  }

  template <class Alive>
  StringByte escape(std::uint8_t byte, bool plain, const Alive& alive) {
    switch (byte) {
      case '"':
      case '\\':
        return done(byte);
      case '/':
        return plain ? StringByte::refused : done(byte);
      case 'b':
        return done('\b');
      case 'f':
        return done('\f');
      case 'n':
        return done('\n');
      case 'r':
        return done('\r');
      case 't':
        return done('\t');
      case 'u':
        phase_ = Phase::hex;
        value_ = 0;
        left_ = 4;
        return part_if(!plain || alive(0, last_control));
      default:
        return StringByte::refused;
    }
  }

  bool hex(std::uint8_t byte) {
    const std::uint8_t letter = byte | 0x20U;
    const bool digit = byte >= '0' && byte <= '9';
    if (!digit && !(letter >= 'a' && letter <= 'f')) return false;
    value_ = value_ * 16 + (digit ? byte - '0' : letter - 'a' + 10);
    --left_;
    return true;
  }

  // Digits of a character that JSON wants escaped.
  template <class Alive>
  StringByte control(const Alive& alive) {
    const char32_t begin = value_ << (4U * left_);
    const char32_t end = begin + (char32_t{1} << (4U * left_)) - 1;
    if (begin > last_control || !alive(begin, std::min(end, last_control))) {
      return StringByte::refused;
    }
    return left_ == 0 ? done(value_) : StringByte::part;
  }

  // The code points of a pair: its first half, and what the second may be.
  static char32_t paired(char32_t high, char32_t low) {
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  }

  template <class Alive>
  StringByte high(const Alive& alive) {
    const char32_t begin = value_ << (4U * left_);
    const char32_t end = begin + (char32_t{1} << (4U * left_)) - 1;
    const char32_t from = std::max<char32_t>(begin, 0xD800);
    const char32_t to = std::min<char32_t>(end, 0xDBFF);
    const bool pair = from <= to && alive(paired(from, 0xDC00), paired(to, 0xDFFF));
    if (left_ > 0) return part_if(pair || alive(begin, end));
    if (pair) {
      high_ = value_;
      phase_ = Phase::low_backslash;
      return StringByte::part;
    }
    const bool half = value_ >= first_surrogate && value_ <= last_surrogate;
    return half || !alive(value_, value_) ? StringByte::refused : done(value_);
  }

  template <class Alive>
  StringByte low(const Alive& alive) {
    const char32_t begin = value_ << (4U * left_);
    const char32_t end = begin + (char32_t{1} << (4U * left_)) - 1;
    const char32_t from = std::max<char32_t>(begin, 0xDC00);
    const char32_t to = std::min<char32_t>(end, 0xDFFF);
    if (from > to || !alive(paired(high_, from), paired(high_, to))) return StringByte::refused;
    return left_ == 0 ? done(paired(high_, value_)) : StringByte::part;
  }

  Phase phase_ = Phase::none;
  std::uint8_t left_ = 0;
  char32_t value_ = 0;
  char32_t least_ = 0;
  char32_t high_ = 0;
};

}  // namespace espalier::guide
