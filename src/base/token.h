// The one spelling of a token's number, shared by everything that handles tokens.
#pragma once

#include <cstdint>

namespace espalier::base {

using TokenId = std::int32_t;

}  // namespace espalier::base
