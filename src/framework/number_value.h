// Numbers of JSON by their values: exact, whatever their size, and without memory for it.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

namespace espalier::framework {

// Neither to be called with what is no number. An exponent beyond 10^18 counts as that.
std::strong_ordering compare_numbers(std::string_view a, std::string_view b) noexcept;

// The integer that a number is: 2 of 2, 2.0, 2e0 and 20e-1. Nothing where it is none of this type.
template <std::integral Integer>
std::optional<Integer> integer_of(std::string_view number) noexcept;

extern template std::optional<std::int64_t> integer_of(std::string_view number) noexcept;
extern template std::optional<std::uint64_t> integer_of(std::string_view number) noexcept;

}  // namespace espalier::framework
