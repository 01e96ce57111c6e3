// Grammars: answers composed of texts, regular expressions, JSON documents and free text, written
// as JSON. docs/guided-generation.md shows the format to its users.
//
//   "text"                                     that text
//   [A, B, …]                                  A, then B, …
//   {"either": [A, B, …]}                      one of them
//   {"repeat": A, "least": m, "most": n}       m to n times A; without bounds any number of times
//   {"regex": "[a-z]+"}                        a text that the expression matches as a whole
//   {"schema": S}                              a JSON document that fits the JSON Schema
//   {"free": [{"trigger": "<", "then": A}, …], "least": m, "most": n, "until": ["text", …]}
//                                              free text (free_text.h); least and most count
//                                              triggers; without `until` it goes to the answer's
//                                              end, so that nothing may follow it
#pragma once

#include <cstdint>
#include <functional>

#include "base/json.h"
#include "guide/limits.h"
#include "guide/term.h"

namespace espalier::guide {

// Compiles the schema and gives the document's number (TermPool::document).
using AddDocument = std::function<std::uint32_t(base::JsonValue)>;

// Throws InvalidFile where the grammar is not in this format, and what is wrong with its parts as
// they say it (UnsupportedGuide, InvalidSchema), with the place in front as a JSON pointer.
TermId grammar_term(TermPool& terms, base::JsonValue grammar, const AddDocument& add_document,
                    const GuideLimits& limits = {});

}  // namespace espalier::guide
