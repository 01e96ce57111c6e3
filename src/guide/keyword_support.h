// Which keywords of JSON Schema a guide holds to, of all that its drafts have: what `espalier guide
// support` prints, and what a test holds to the truth.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace espalier::guide {

enum class KeywordStanding : std::uint8_t {
  exact,       // held to exactly, or the schema is refused by name
  refused,     // always refused by name
  annotation,  // says nothing of what is valid
};

struct KeywordSupport {
  std::string_view keyword;
  KeywordStanding standing;
  std::string_view note;  // what is refused of it, or why
};

std::span<const KeywordSupport> keyword_support();

}  // namespace espalier::guide
