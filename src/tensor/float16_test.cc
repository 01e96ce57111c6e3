#include "tensor/float16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace espalier::tensor {
namespace {

// The definition of binary16, by way of double arithmetic.
double half_value(std::uint16_t half) {
  const double sign = (half & 0x8000) != 0 ? -1.0 : 1.0;
  const int exponent = half >> 10 & 31;
  const int fraction = half & 0x3ff;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

TEST(Float16, EveryFiniteHalfBecomesItsExactValueAndComesBack) {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    if ((half & 0x7c00) == 0x7c00) continue;
    const float value = half_to_float(half);
    ASSERT_EQ(static_cast<double>(value), half_value(half)) << bits;
    ASSERT_EQ(std::signbit(value), (half & 0x8000) != 0) << bits;
    ASSERT_EQ(float_to_half(value), half) << bits;
  }
}

TEST(Float16, InfinitiesAndNansStayWhatTheyAre) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(half_to_float(0x7c00), infinity);
  EXPECT_EQ(half_to_float(0xfc00), -infinity);
  EXPECT_EQ(float_to_half(infinity), 0x7c00);
  EXPECT_EQ(float_to_half(-infinity), 0xfc00);
  for (int payload = 1; payload < 0x400; ++payload) {
    const auto half = static_cast<std::uint16_t>(0x7c00 | payload);
    ASSERT_TRUE(std::isnan(half_to_float(half)));
    ASSERT_EQ(float_to_half(half_to_float(half)), half | 0x200);
  }
  // A NaN whose payload sits below what a half can hold must not turn into infinity.
  EXPECT_EQ(float_to_half(std::bit_cast<float>(0x7f800001U)), 0x7e00);
}

TEST(Float16, RoundsToNearestAndTiesToEvenBetweenAllNeighbours) {
  for (int bits = 0; bits < 0x7bff; ++bits) {
    const auto low = static_cast<std::uint16_t>(bits);
    const auto high = static_cast<std::uint16_t>(bits + 1);
    const auto even = (bits & 1) == 0 ? low : high;
    const auto middle = static_cast<float>((half_value(low) + half_value(high)) / 2);
    ASSERT_EQ(float_to_half(middle), even) << bits;
    ASSERT_EQ(float_to_half(std::nextafter(middle, 0.0F)), low) << bits;
    ASSERT_EQ(float_to_half(std::nextafter(middle, 1e9F)), high) << bits;
    ASSERT_EQ(float_to_half(-middle), even | 0x8000) << bits;
  }
}

TEST(Float16, OverflowsHalfAUnitAboveTheLargestHalf) {
  EXPECT_EQ(float_to_half(std::nextafter(65520.0F, 0.0F)), 0x7bff);
  EXPECT_EQ(float_to_half(65520.0F), 0x7c00);
  EXPECT_EQ(float_to_half(std::numeric_limits<float>::max()), 0x7c00);
  EXPECT_EQ(float_to_half(std::numeric_limits<float>::denorm_min()), 0);
}

}  // namespace
}  // namespace espalier::tensor
