// Whether content that did not come from a guide fits a schema.
#pragma once

#include "espalier/generated_content.h"
#include "espalier/generation_schema.h"

namespace espalier::framework {

// As JSON Schema has it: keys may come in any order, and a number is what its value is, however it
// is spelled, so that 2.0 and 2e0 are integers. False where the content is incomplete. May be
// called from any thread.
bool fits(const GeneratedContent& content, const GenerationSchema& schema);

}  // namespace espalier::framework
