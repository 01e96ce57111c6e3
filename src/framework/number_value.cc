#include "framework/number_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace espalier::framework {
namespace {

constexpr std::int64_t most_exponent = 1'000'000'000'000'000'000;

// A number, digit by digit from the first that is not 0.
class Digits {
 public:
  explicit Digits(std::string_view number) noexcept {
    is_negative_ = number.starts_with('-');
    const std::string_view unsigned_part = number.substr(is_negative_ ? 1 : 0);
    const std::size_t e = unsigned_part.find_first_of("eE");
    digits_ = unsigned_part.substr(0, e);
    const std::size_t point = std::min(digits_.find('.'), digits_.size());
    const std::size_t first = digits_.find_first_of("123456789");
    is_zero_ = first == std::string_view::npos;
    if (is_zero_) {
      digits_ = {};
      return;
    }
    magnitude_ = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
    if (first < point) --magnitude_;
    if (e != std::string_view::npos) magnitude_ += exponent(unsigned_part.substr(e + 1));
    digits_.remove_prefix(first);
  }

  bool is_zero() const noexcept { return is_zero_; }
  bool is_negative() const noexcept { return is_negative_ && !is_zero_; }
  // Of the next digit at the beginning: 0 of units, 1 of tens, -1 of tenths.
  std::int64_t magnitude() const noexcept { return magnitude_; }
  // Whether there are digits that were written and not read.
  bool is_done() const noexcept { return digits_.empty() || digits_ == "."; }
  // 0 behind the last one.
  char next() noexcept {
    if (digits_.starts_with('.')) digits_.remove_prefix(1);
    if (digits_.empty()) return '0';
    const char digit = digits_.front();
    digits_.remove_prefix(1);
    return digit;
  }

 private:
  static std::int64_t exponent(std::string_view text) noexcept {
    if (text.starts_with('+')) text.remove_prefix(1);
    std::int64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec == std::errc::result_out_of_range) {
      return text.starts_with('-') ? -most_exponent : most_exponent;
    }
    return std::clamp(value, -most_exponent, most_exponent);
  }

  bool is_negative_ = false;
  bool is_zero_ = false;
  std::string_view digits_;
  std::int64_t magnitude_ = 0;
};

int sign(const Digits& number) noexcept {
  if (number.is_zero()) return 0;
  return number.is_negative() ? -1 : 1;
}

// Without signs, of numbers that are not zero.
std::strong_ordering compare_sizes(Digits a, Digits b) noexcept {
  if (a.magnitude() != b.magnitude()) return a.magnitude() <=> b.magnitude();
  while (!a.is_done() || !b.is_done()) {
    const auto order = a.next() <=> b.next();
    if (order != 0) return order;
  }
  return std::strong_ordering::equal;
}

}  // namespace

std::strong_ordering compare_numbers(std::string_view a, std::string_view b) noexcept {
  const Digits first(a);
  const Digits second(b);
  if (sign(first) != sign(second) || sign(first) == 0) return sign(first) <=> sign(second);
  return sign(first) > 0 ? compare_sizes(first, second) : compare_sizes(second, first);
}

template <std::integral Integer>
std::optional<Integer> integer_of(std::string_view number) noexcept {
  Digits digits(number);
  if (digits.is_zero()) return Integer{0};
  constexpr std::int64_t most_digits = 20;  // of 2^64
  const std::int64_t size = digits.magnitude() + 1;
  if (size < 1 || size > most_digits) return std::nullopt;
  std::array<char, most_digits + 1> text;
  char* end = text.data();
  if (digits.is_negative()) *end++ = '-';
  for (std::int64_t i = 0; i < size; ++i) *end++ = digits.next();
  while (!digits.is_done()) {
    if (digits.next() != '0') return std::nullopt;
  }
  Integer value = 0;
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

template std::optional<std::int64_t> integer_of(std::string_view number) noexcept;
template std::optional<std::uint64_t> integer_of(std::string_view number) noexcept;

}  // namespace espalier::framework
