// A schema that was put together, as JSON Schema in the framework's dialect.
#pragma once

#include <cstdint>
#include <vector>

#include "espalier/generated_content.h"
#include "espalier/generation_schema.h"

namespace espalier::framework {

enum class SchemaReader : std::uint8_t {
  people,  // and models
  guide,   // numbers also within what the reader's type holds
};

// `root` with all that it names in $defs. Throws InvalidSchema as GenerationSchema does.
GeneratedContent write_schema(const DynamicGenerationSchema& root,
                              const std::vector<DynamicGenerationSchema>& dependencies,
                              SchemaReader reader);

}  // namespace espalier::framework
