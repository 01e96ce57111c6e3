// A stand-in that finds nothing would let every property pass.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace {

using testing::HasSubstr;

void no_text_has_a_high_byte(const std::string& text) {
  for (const char c : text) RC_ASSERT(static_cast<unsigned char>(c) < 0x80);
}

TEST(StandIn, AFalseClaimIsNamedWithItsCaseAndLine) {
  const std::string fault = rc::detail::first_fault(&no_text_has_a_high_byte);
  EXPECT_THAT(fault, HasSubstr("of 100"));
  EXPECT_THAT(fault, HasSubstr("stand_in_test.cc:13: false: static_cast<unsigned char>(c) < 0x80"));
}

TEST(StandIn, AnExceptionFalsifies) {
  EXPECT_FALSE(rc::check([] { throw std::runtime_error("thrown by the property"); }));
  EXPECT_FALSE(rc::check([] { throw 1; }));
}

TEST(StandIn, ClaimsAreTriedOnManyCases) {
  int seen = 0;
  EXPECT_TRUE(rc::check([&] { ++seen; }));
  EXPECT_EQ(seen, rc::detail::cases);
}

TEST(StandIn, EveryChoiceComesUpAndNothingElse) {
  std::set<int> range, elements, either, mapped;
  std::set<std::size_t> lengths;
  EXPECT_TRUE(rc::check([&] {
    const auto one = rc::gen::inRange(-1, 2);
    range.insert(*one);
    elements.insert(*rc::gen::element(5, 7));
    either.insert(*rc::gen::oneOf(one, rc::gen::elementOf(std::vector{9})));
    mapped.insert(*rc::gen::map(one, [](int x) { return 10 * x; }));
    lengths.insert(rc::gen::container<std::vector<int>>(one).operator*().size());
  }));
  EXPECT_EQ(range, (std::set{-1, 0, 1}));
  EXPECT_EQ(elements, (std::set{5, 7}));
  EXPECT_EQ(either, (std::set{-1, 0, 1, 9}));
  EXPECT_EQ(mapped, (std::set{-10, 0, 10}));
  EXPECT_EQ(*lengths.begin(), 0U);
  EXPECT_GT(*lengths.rbegin(), 50U);
}

TEST(StandIn, AnEmptyRangeFalsifies) {
  EXPECT_FALSE(rc::check([] { *rc::gen::inRange(3, 3); }));
}

RC_GTEST_PROP(StandIn, ArgumentsAreDrawn, (const std::string& text, std::uint8_t number)) {
  RC_ASSERT(text.size() < 100U);
  RC_ASSERT(number <= 255);
}

}  // namespace
