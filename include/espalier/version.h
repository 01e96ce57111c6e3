// Which Espalier this is: at compile time (the constants) and at run time (the function).
#pragma once

#include "espalier/export.h"

namespace espalier {

inline constexpr int version_major = 0;
inline constexpr int version_minor = 1;
inline constexpr int version_patch = 0;

// The library that is loaded, as "0.1.0".
ESPALIER_API const char* version() noexcept;

}  // namespace espalier
