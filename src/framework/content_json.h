// Content out of a JSON document.
#pragma once

#include "base/json.h"
#include "espalier/generated_content.h"

namespace espalier::framework {

GeneratedContent content_of(base::JsonValue value);

}  // namespace espalier::framework
