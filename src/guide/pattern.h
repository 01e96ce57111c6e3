// ECMA-262 regular expressions, as JSON Schema's `pattern` means them: terms of the whole texts in
// which the expression is found somewhere.
//
//   pattern_term(pool, "^[a-z]+$")    every text of lower-case letters
//   pattern_term(pool, "b")           every text with a b in it
//
// Read as with the flag u (a dot is a code point, not half of one), but as forgiving as Annex B
// where that is unambiguous: `\-`, `\_`, a brace that opens no count. Groups capture nothing.
// Look-ahead is exact wherever it stands outside of loops. What no automaton can do is
// UnsupportedGuide by name: back-references, and look-behind, \b and \B, flags, properties other
// than L and N. What is no regular expression at all is InvalidSchema.
#pragma once

#include <string_view>

#include "guide/term.h"

namespace espalier::guide {

TermId pattern_term(TermPool& terms, std::string_view pattern, const GuideLimits& limits = {});

// The same for an expression that stands for itself, not for texts that contain it: `respond
// --regex`.
TermId whole_pattern_term(TermPool& terms, std::string_view pattern,
                          const GuideLimits& limits = {});

}  // namespace espalier::guide
