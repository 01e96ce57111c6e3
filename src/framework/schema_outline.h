// What a model is told of the schema that its answer is held to.
//
// Not the schema itself, of which small models give back words and bounds instead of an answer: of
// the 280 values in tests/data/extraction.jsonl the default model read 185 rightly with an outline
// in front of the text, 167 with it behind the text, 87 with "Answer with JSON that fits this
// schema: {…}" there, and 179 with nothing, where only the keys that the guide writes say what is
// wanted (build/release/bin/framework_test --gtest_also_run_disabled_tests
// --gtest_filter='Extraction.DISABLED*'). So bounds, patterns and types are left out; the guide
// holds to them all the same.
#pragma once

#include <string>

#include "espalier/generation_schema.h"

namespace espalier::framework {

// "Answer with JSON: city, season (spring, summer, autumn or winter), sights [{name, why}]."
std::string schema_outline(const GenerationSchema& schema);

}  // namespace espalier::framework
