// What generable types share: numbers read and spelled, places in messages.
#include "espalier/generable.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <system_error>

#include "base/json_text.h"
#include "espalier/error.h"
#include "framework/number_value.h"

namespace espalier {
namespace {

// As a JSON pointer.
std::string pointer(const detail::Reading& reading) {
  if (reading.parent == nullptr) return "";
  const bool in_array = reading.key.data() == nullptr;
  return pointer(*reading.parent) + base::json_pointer_step(in_array ? std::to_string(reading.index)
                                                                     : std::string(reading.key));
}

template <class Integer>
Integer read_integer(const GeneratedContent& content, const detail::Reading& reading, Integer least,
                     Integer most) {
  detail::expect(content, GeneratedContent::Kind::number, reading);
  const auto value = framework::integer_of<Integer>(content.text());
  if (value && *value >= least && *value <= most) return *value;
  detail::fail(reading, fmt::format("{} is no integer from {} to {}", content.text(), least, most));
}

// The nearest one. What is too small for any is zero, what is too large is refused.
template <class Real>
Real read_real(const GeneratedContent& content, const detail::Reading& reading, const char* type) {
  detail::expect(content, GeneratedContent::Kind::number, reading);
  const std::string_view text = content.text();
  Real value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc::result_out_of_range) {
    if (std::abs(base::json_number(text)) < 1) return 0;
    detail::fail(reading, fmt::format("{} is too large for a {}", text, type));
  }
  return value;
}

}  // namespace

namespace guides {

std::string spell(std::int64_t number) { return std::to_string(number); }
std::string spell(std::uint64_t number) { return std::to_string(number); }

// The shortest spelling that reads back as the same double; without exponent where that is short.
std::string spell(double number) {
  if (!std::isfinite(number)) {
    throw InvalidArgument(fmt::format("{} is no number of JSON", number));
  }
  return fmt::format("{}", number);
}

}  // namespace guides

namespace detail {

void fail(const Reading& reading, const std::string& problem) {
  const std::string place = pointer(reading);
  throw DecodingFailure(
      fmt::format("content{}: {}", place.empty() ? "" : fmt::format(" ({})", place), problem));
}

void expect(const GeneratedContent& content, GeneratedContent::Kind kind, const Reading& reading) {
  if (content.kind() == kind) return;
  fail(reading, fmt::format("{} is expected, not {}", describe(kind), describe(content.kind())));
}

std::int64_t read_signed(const GeneratedContent& content, const Reading& reading,
                         std::int64_t least, std::int64_t most) {
  return read_integer(content, reading, least, most);
}

std::uint64_t read_unsigned(const GeneratedContent& content, const Reading& reading,
                            std::uint64_t most) {
  return read_integer(content, reading, std::uint64_t{0}, most);
}

float read_float(const GeneratedContent& content, const Reading& reading) {
  return read_real<float>(content, reading, "float");
}

double read_double(const GeneratedContent& content, const Reading& reading) {
  return read_real<double>(content, reading, "double");
}

}  // namespace detail
}  // namespace espalier
