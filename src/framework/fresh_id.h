// Ids of what Espalier makes: entries, segments, calls of tools.
#pragma once

#include <string>

namespace espalier::framework {

// A random UUID (RFC 9562, version 4). Any number of threads may ask.
std::string fresh_id();

}  // namespace espalier::framework
