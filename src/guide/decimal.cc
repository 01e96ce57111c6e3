#include "guide/decimal.h"

#include <fmt/format.h>

#include <charconv>

#include "base/message_format.h"
#include "espalier/error.h"

namespace espalier::guide {

Decimal parse_decimal(std::string_view spelling, const GuideLimits& limits) {
  const auto refuse = [&] {
    throw UnsupportedGuide(fmt::format("the number {} has more than {} digits when written out",
                                       base::printable(spelling, 40), limits.digits));
  };
  Decimal number;
  std::string_view rest = spelling;
  if (rest.starts_with('-')) {
    number.negative = true;
    rest.remove_prefix(1);
  }
  const std::size_t mark = rest.find_first_of("eE");
  std::int64_t exponent = 0;
  if (mark != std::string_view::npos) {
    std::string_view digits = rest.substr(mark + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (read.ec != std::errc()) refuse();
    rest = rest.substr(0, mark);
  }
  const std::size_t point = rest.find('.');
  std::string digits(rest.substr(0, point));
  if (point != std::string_view::npos) {
    digits += rest.substr(point + 1);
    exponent -= static_cast<std::int64_t>(rest.size() - point - 1);
  }
  const std::size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return {};
  digits.erase(0, first);
  while (digits.back() == '0') {
    digits.pop_back();
    ++exponent;
  }
  // digits * 10^exponent
  const auto most = static_cast<std::int64_t>(limits.digits);
  const auto size = static_cast<std::int64_t>(digits.size());
  if (size > most || exponent > most - size || exponent < -most) refuse();
  if (exponent >= 0) {
    number.whole = digits + std::string(static_cast<std::size_t>(exponent), '0');
  } else if (-exponent < size) {
    number.whole = digits.substr(0, static_cast<std::size_t>(size + exponent));
    number.fraction = digits.substr(static_cast<std::size_t>(size + exponent));
  } else {
    number.fraction = std::string(static_cast<std::size_t>(-exponent - size), '0') + digits;
  }
  return number;
}

}  // namespace espalier::guide
