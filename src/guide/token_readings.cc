#include "guide/token_readings.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "espalier/error.h"
#include "guide/utf32.h"

namespace espalier::guide {

std::string TokenReadings::encodable(std::string json) const {
  const auto& missing = tokenizer_.missing_bytes();
  const auto lacks = [&](char c) { return missing[static_cast<unsigned char>(c)]; };
  if (std::ranges::none_of(json, lacks)) return json;
  std::string result;
  for (const char32_t c : to_utf32(json).value_or(U"")) {
    const std::string bytes = to_utf8(std::u32string(1, c));
    if (std::ranges::none_of(bytes, lacks)) {
      result += bytes;
    } else if (c < 0x10000) {
      result += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c));
    } else {
      const std::uint32_t rest = c - 0x10000;
      result += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
    }
  }
  return result;
}

std::vector<TokenId> TokenReadings::own(const std::string& text) const {
  return tokenizer_.encode(text, {.recognise_special = false, .place = text::TextPlace::inside});
}

std::vector<TokenId> TokenReadings::random(const std::string& text) {
  std::vector<TokenId> tokens;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::vector<TokenId> choices = trie_->beginnings(rest);
    if (choices.empty()) throw InvalidArgument("the vocabulary has no token for a byte");
    const TokenId token = choices[draw(choices.size())];
    tokens.push_back(token);
    rest.remove_prefix(trie_->text(token).size());
  }
  return tokens;
}

// xorshift64*: the same tokens on every machine.
std::uint64_t TokenReadings::draw(std::uint64_t below) {
  random_ ^= random_ >> 12;
  random_ ^= random_ << 25;
  random_ ^= random_ >> 27;
  return (random_ * 0x2545F4914F6CDD1DULL >> 16) % below;
}

}  // namespace espalier::guide
