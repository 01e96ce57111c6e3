// Numbers of JSON by their values.
#pragma once

#include <string>
#include <string_view>

namespace espalier::framework {

// The shortest spelling without exponent: "2" of 2.0, 2e0 and 20e-1, "0" of -0. A number that would
// have more than 2,000 digits stays as it is.
std::string plain_number(std::string_view spelling);

}  // namespace espalier::framework
