// Decimal numbers as JSON spells them, exact: no double comes near a bound.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "guide/limits.h"

namespace espalier::guide {

// (-1)^negative * whole.fraction, normalised: equal numbers are equal values. `whole` has no zeros
// in front and is "0" rather than empty, `fraction` none behind; zero is not negative.
struct Decimal {
  bool negative = false;
  std::string whole = "0";
  std::string fraction;

  bool is_zero() const noexcept { return whole == "0" && fraction.empty(); }
  bool is_whole() const noexcept { return fraction.empty(); }
  bool operator==(const Decimal&) const = default;
};

// Reads a JSON number's text. Throws UnsupportedGuide where it has more than GuideLimits::digits
// digits once its exponent is written out.
Decimal parse_decimal(std::string_view spelling, const GuideLimits& limits = {});

}  // namespace espalier::guide
