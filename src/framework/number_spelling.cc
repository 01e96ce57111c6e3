#include "framework/number_spelling.h"

#include <fmt/format.h>

#include "espalier/error.h"
#include "guide/decimal.h"

namespace espalier::framework {

std::string plain_number(std::string_view spelling) {
  constexpr guide::GuideLimits limits = {.digits = 2000};  // any double has fewer
  try {
    const guide::Decimal number = guide::parse_decimal(spelling, limits);
    return fmt::format("{}{}{}{}", number.negative ? "-" : "", number.whole,
                       number.is_whole() ? "" : ".", number.fraction);
  } catch (const UnsupportedGuide&) {
    return std::string(spelling);
  }
}

}  // namespace espalier::framework
