// Arithmetic on numbers that a file or a caller chose: overflow is an answer, never a wrap.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>

namespace espalier::base {

// a + b, or nothing where the sum does not fit T.
template <std::integral T>
constexpr std::optional<T> checked_add(T a, T b) noexcept {
  T sum{};
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

// a * b, or nothing where the product does not fit T.
template <std::integral T>
constexpr std::optional<T> checked_mul(T a, T b) noexcept {
  T product{};
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

// The smallest multiple of `step` (> 0) that is >= value, or nothing where it does not fit T.
template <std::unsigned_integral T>
constexpr std::optional<T> checked_round_up(T value, T step) noexcept {
  const T rest = value % step;
  return rest == 0 ? std::optional<T>(value) : checked_add<T>(value, static_cast<T>(step - rest));
}

constexpr std::size_t ceil_div(std::size_t value, std::size_t step) noexcept {
  return value / step + (value % step != 0);
}

constexpr std::size_t round_up(std::size_t value, std::size_t step) noexcept {
  return ceil_div(value, step) * step;
}

}  // namespace espalier::base
