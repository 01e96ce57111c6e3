// GPT-2's alphabet: every byte has a printable character, so that a vocabulary of byte strings can
// be kept in a text file. Printable Latin-1 spells itself; the other 68 bytes take U+0100 and up in
// order. The space byte is U+0120, 'Ġ'.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace espalier::text {

char32_t byte_spelling(std::uint8_t byte) noexcept;
std::optional<std::uint8_t> spelled_byte(char32_t spelling) noexcept;

std::string spell_bytes(std::string_view bytes);

// The bytes that `token` spells. A token with a character from outside the alphabet stands for its
// own UTF-8 bytes: so does Hugging Face's ByteLevel decoder.
std::string spelled_bytes(std::string_view token);

}  // namespace espalier::text
