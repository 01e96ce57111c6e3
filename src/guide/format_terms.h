// JSON Schema's `format`: the ones that are asserted, as terms.
#pragma once

#include <string_view>
#include <vector>

#include "guide/term.h"

namespace espalier::guide {

enum class FormatStanding : std::uint8_t {
  asserted,     // format_term gives its texts
  unsupported,  // a draft names it, and no automaton decides it yet: refused by name
  unknown,      // no draft names it: an annotation
};

FormatStanding format_standing(std::string_view format);

// Of an asserted format.
TermId format_term(TermPool& terms, std::string_view format);

// Texts that may be of an asserted format and are in no format_term: host names with Punycode,
// leap seconds at an offset other than zero, URI templates with operators of extensions.
TermId format_undecided(TermPool& terms, std::string_view format);

std::vector<std::string_view> asserted_formats();
std::vector<std::string_view> unsupported_formats();

}  // namespace espalier::guide
