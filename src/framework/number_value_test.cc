#include "framework/number_value.h"

#include <gtest/gtest.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace espalier::framework {
namespace {

TEST(NumberValue, OrderIsThatOfTheValues) {
  // Each line is one value, and above the line before.
  const std::vector<std::vector<std::string>> values = {
      {"-1e99999999999999999999"},
      {"-1e400"},
      {"-12", "-1.2e1", "-120e-1"},
      {"-0.5"},
      {"0", "-0", "0.00", "0e999", "-0.0e-5"},
      {"1e-400", "0.1e-399"},
      {"0.1", "1e-1", "0.10"},
      {"9007199254740992", "9007199254740992.0", "9.007199254740992e15"},
      {"9007199254740993", "90071992547409930e-1"},
      {"18446744073709551615"},
      {"18446744073709551615.0001"},
      {"1e300", "1E+300", "10e299"},
      {"1" + std::string(400, '0'), "1e400"},
      {"1" + std::string(400, '0') + ".5"}};
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      for (const std::string& a : values[i]) {
        for (const std::string& b : values[j]) EXPECT_EQ(compare_numbers(a, b), i <=> j) << a << b;
      }
    }
  }
}

TEST(NumberValue, IntegersAreReadByTheirValue) {
  using Limits = std::numeric_limits<std::int64_t>;
  for (const char* three : {"3", "3.0", "3e0", "30e-1", "0.3e1", "0.03E+2"}) {
    EXPECT_EQ(integer_of<std::int64_t>(three), 3) << three;
  }
  EXPECT_EQ(integer_of<std::uint64_t>("-0.0"), 0U);
  EXPECT_EQ(integer_of<std::int64_t>("-0e99999999999999999999"), 0);
  EXPECT_EQ(integer_of<std::int64_t>("-9223372036854775808"), Limits::min());
  EXPECT_EQ(integer_of<std::int64_t>("9.223372036854775807e18"), Limits::max());
  EXPECT_EQ(integer_of<std::int64_t>("9223372036854775808"), std::nullopt);
  EXPECT_EQ(integer_of<std::uint64_t>("18446744073709551615.000"),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(integer_of<std::int64_t>("1" + std::string(400, '0') + "e-400"), 1);
  for (const char* none : {"0.5", "3.0001", "1e-1", "1e400", "-1e20", "1e99999999999999999999",
                           "1e-99999999999999999999"}) {
    EXPECT_EQ(integer_of<std::int64_t>(none), std::nullopt) << none;
  }
  EXPECT_EQ(integer_of<std::uint64_t>("-1"), std::nullopt);
}

}  // namespace
}  // namespace espalier::framework
