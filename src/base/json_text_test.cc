#include "base/json_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "base/json.h"

namespace espalier::base {
namespace {

TEST(JsonText, StringsAreEscapedWhereJsonNeedsItAndReadBackAsTheyWere) {
  std::string every;
  for (int c = 0; c < 0x80; ++c) every += static_cast<char>(c);
  every += "é🐲";
  std::string json;
  append_json_string(every, json);
  EXPECT_EQ(JsonDocument::parse("text", json, {}).root().as_string(), every);
  std::string some;
  append_json_string("\"\\/\n\x01\x7F", some);
  EXPECT_EQ(some, "\"\\\"\\\\/\\n\\u0001\x7F\"");
}

TEST(JsonText, NumbersAreWhatJsonSaysTheyAre) {
  for (const char* number : {"0", "-0", "10", "0.5", "-1.25e+10", "1E5", "0e0", "1e-7"}) {
    EXPECT_TRUE(is_json_number(number)) << number;
  }
  for (const char* other : {"", "-", "01", "+1", "1.", ".5", "1e", "1e+", "0x1", "1 ", "NaN"}) {
    EXPECT_FALSE(is_json_number(other)) << other;
  }
}

TEST(JsonText, NumbersOutOfRangeAreInfinityOrZero) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(json_number("-12.5e1"), -125.0);
  EXPECT_EQ(json_number("5e-324"), 5e-324);
  const std::string zeros(400, '0');
  const std::vector<std::string> too_large = {"1e999",
                                              "0.001e312",
                                              "1" + zeros,
                                              "1" + zeros + ".5e-50",
                                              "1e99999999999999999999",
                                              "0." + zeros + "1e+900"};
  for (const std::string& large : too_large) {
    EXPECT_EQ(json_number(large), infinity) << large;
    EXPECT_EQ(json_number("-" + large), -infinity) << large;
  }
  const std::vector<std::string> too_small = {
      "1e-999", "123.5e-400", "0." + zeros + "1", "1" + zeros + "e-900", "1e-99999999999999999999",
      "0e999"};
  for (const std::string& small : too_small) EXPECT_EQ(json_number(small), 0.0) << small;
}

}  // namespace
}  // namespace espalier::base
