// The classes of characters that pre-tokenisers split by.
//
// A tokenizer's splits are part of a model, so the classes are those of the oracle that models are
// made with, PyPI tokenizers 0.23.3, and no other Unicode version's:
//
//   letter, number, space   \p{L}, \p{N} and \s of its regex engine         Unicode 16.0.0
//   numeric                 what its Digits splits off (Rust's              Unicode 17.0.0
//                           char::is_numeric): number, and 13 characters that 17.0.0 added
//
// How this is known: scripts/generate_unicode_classes.py asks tokenizers about every code point and
// compares its answers with PyPI unicodedata2. Of 15.0.0, 15.1.0, 16.0.0, 17.0.0 and 18.0.0 only
// 16.0.0 agrees on every letter and number, and only 17.0.0 on every numeric.
#pragma once

#include <cstdint>

namespace espalier::text {

// Bits, for a number is numeric too.
struct CharacterClass {
  static constexpr std::uint8_t letter = 1;
  static constexpr std::uint8_t number = 2;
  static constexpr std::uint8_t space = 4;
  static constexpr std::uint8_t numeric = 8;
};

// Characters above this have no class.
inline constexpr char32_t last_classified_character = 0x323AF;

// The classes of every character up to and with last_classified_character.
const std::uint8_t* character_classes() noexcept;

}  // namespace espalier::text
