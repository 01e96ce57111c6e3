// Where content is incomplete, as JSON pointers: what its JSON alone does not say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "espalier/generated_content.h"

namespace espalier::framework {

// The values that are incomplete though all that they hold is complete; in content that one limit
// cut, that is one value. What holds them is incomplete as well.
std::vector<std::string> cuts(const GeneratedContent& content);

// The same content, incomplete there. Throws InvalidArgument naming a pointer that leads nowhere.
GeneratedContent with_cut(const GeneratedContent& content, std::string_view pointer);

}  // namespace espalier::framework
