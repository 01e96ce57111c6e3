// Whether content that did not come from a guide fits a schema.
#pragma once

#include "espalier/generated_content.h"
#include "espalier/generation_schema.h"

namespace espalier::framework {

// Keys may come in any order. False where the content is incomplete. May
// be called from any thread.
bool fits(const GeneratedContent& content, const GenerationSchema& schema);

}  // namespace espalier::framework
