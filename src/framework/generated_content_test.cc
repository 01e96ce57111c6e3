// Content as a tree: JSON both ways, cut anywhere, read as types.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <ranges>
#include <string>
#include <vector>

#include "espalier/error.h"
#include "espalier/generable.h"
#include "espalier/generated_content.h"
#include "framework/content_testing.h"
#include "text/utf8.h"

namespace espalier {
namespace {

using framework::testing::content_from;
using framework::testing::goes_on;
using framework::testing::stream_json;
using Kind = GeneratedContent::Kind;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(GeneratedContent, JsonComesBackAsItWas) {
  for (const char* json :
       {"null", "true", "false", "0", "-12.50", "1e300", "123456789012345678901234567890", "\"\"",
        R"("a\"b\\c\n\u0001é🌳")", "[]", "{}", R"([1,[2,{"a":[]}],"x"])",
        R"({"b":1,"a":{"d":null,"c":false}})"}) {
    EXPECT_EQ(GeneratedContent::from_json(json).to_json(), json);
  }
}

TEST(GeneratedContent, EveryKindIsToldAndRead) {
  const auto content = GeneratedContent::from_json(R"([null, true, 4, "s", [], {"k": 2}])");
  const auto& parts = content.elements();
  ASSERT_EQ(parts.size(), 6U);
  const std::vector<Kind> kinds = {Kind::null,   Kind::boolean, Kind::number,
                                   Kind::string, Kind::array,   Kind::structure};
  for (std::size_t i = 0; i < kinds.size(); ++i) EXPECT_EQ(parts[i].kind(), kinds[i]);
  EXPECT_TRUE(parts[1].value<bool>());
  EXPECT_EQ(parts[2].value<int>(), 4);
  EXPECT_EQ(parts[3].value<std::string>(), "s");
  EXPECT_EQ(parts[5].value<int>("k"), 2);
  EXPECT_EQ(parts[5].find("other"), nullptr);
  EXPECT_EQ(parts[5].value<std::optional<int>>("other"), std::nullopt);
}

TEST(GeneratedContent, WhatIsBuiltEqualsWhatIsRead) {
  const auto built = GeneratedContent::structure(
      {{"n", GeneratedContent::number(1.5)},
       {"list", GeneratedContent::array({GeneratedContent::boolean(true), {}})},
       {"big", GeneratedContent::number(std::numeric_limits<std::uint64_t>::max())}});
  EXPECT_EQ(built, GeneratedContent::from_json(
                       R"({"n": 1.50, "list": [true, null], "big": 18446744073709551615})"));
  EXPECT_NE(built, GeneratedContent::from_json(
                       R"({"n": 1.50, "list": [true, null], "big": 18446744073709551614})"));
  EXPECT_TRUE(built.is_complete());
}

// Views hold what they need, so that one of a temporary is fine while the content lives.
TEST(GeneratedContent, ElementsAndPropertiesAreViews) {
  using Elements = GeneratedContent::Elements;
  using Properties = GeneratedContent::Properties;
  static_assert(std::ranges::random_access_range<Elements> && std::ranges::view<Elements>);
  static_assert(std::ranges::random_access_range<Properties> && std::ranges::view<Properties>);
  static_assert(std::ranges::borrowed_range<Elements> && std::ranges::borrowed_range<Properties>);
  const auto content = GeneratedContent::from_json("[1,2,3]");
  std::vector<int> doubled;
  for (const int each : content.elements() | std::views::transform([](const auto& element) {
                          return 2 * element.template value<int>();
                        })) {
    doubled.push_back(each);
  }
  EXPECT_EQ(doubled, (std::vector<int>{2, 4, 6}));
  const auto last = std::ranges::find(content.elements(), GeneratedContent::number(3));
  EXPECT_EQ(*last, content.elements().back());
}

TEST(GeneratedContent, NumbersAreEqualByTheirExactValues) {
  const auto number = [](const char* text) { return GeneratedContent::spelled_number(text); };
  EXPECT_EQ(number("9007199254740992.0"), number("9007199254740992"));
  EXPECT_NE(number("9007199254740993"), number("9007199254740992.0"));
  EXPECT_NE(number("9007199254740993"), number("9007199254740992"));
  EXPECT_EQ(number("-0"), number("0.0"));
  EXPECT_NE(number("1e400"), number("1e401")) << "also where no double comes near";
}

TEST(GeneratedContent, IntegersAreReadByTheirValue) {
  const auto content = GeneratedContent::from_json("[3.0, 2e0, 250e-1, -0.0, 3.5]");
  const auto parts = content.elements();
  EXPECT_EQ(parts[0].value<int>(), 3);
  EXPECT_EQ(parts[1].value<std::uint8_t>(), 2);
  EXPECT_EQ(parts[2].value<std::int64_t>(), 25);
  EXPECT_EQ(parts[3].value<unsigned>(), 0U);
  EXPECT_THROW(parts[4].value<int>(), DecodingFailure);
}

TEST(GeneratedContent, WhatIsTooLargeForAFloatIsRefused) {
  const auto number = [](const char* text) { return GeneratedContent::spelled_number(text); };
  EXPECT_EQ(number("3.4028235e38").value<float>(), std::numeric_limits<float>::max());
  EXPECT_EQ(number("-1e-60").value<float>(), 0.0F);
  EXPECT_EQ(number("1e-400").value<double>(), 0.0);
  EXPECT_THAT([&] { number("1e39").value<float>(); },
              ThrowsMessage<DecodingFailure>(HasSubstr("1e39 is too large for a float")));
  EXPECT_THAT([&] { number("-1e309").value<double>(); },
              ThrowsMessage<DecodingFailure>(HasSubstr("-1e309 is too large for a double")));
}

TEST(GeneratedContent, FaultsNameTheirPlace) {
  const auto content = GeneratedContent::from_json(R"({"days": [1, "two"], "big": 300})");
  EXPECT_THAT(
      [&] { content.value<std::vector<int>>("days"); },
      ThrowsMessage<DecodingFailure>(HasSubstr("(/days/1): a number is expected, not a string")));
  EXPECT_THAT([&] { content.value<std::int8_t>("big"); },
              ThrowsMessage<DecodingFailure>(HasSubstr("300 is no integer from -128 to 127")));
  EXPECT_THAT([&] { content.value<int>("none"); },
              ThrowsMessage<DecodingFailure>(HasSubstr("(/none): this property is missing")));
  EXPECT_THAT([] { GeneratedContent::from_json(R"({"a": 1, "a": 2})"); },
              ThrowsMessage<DecodingFailure>(HasSubstr("byte 9")));
  EXPECT_THROW(GeneratedContent::from_json("{"), DecodingFailure);
  EXPECT_THROW(GeneratedContent::from_json(std::string(1000, '[')), DecodingFailure);
  EXPECT_THROW(GeneratedContent::number(std::numeric_limits<double>::infinity()), InvalidArgument);
  EXPECT_THROW(GeneratedContent::spelled_number("01"), InvalidArgument);
  EXPECT_THROW(GeneratedContent::structure({{"a", {}}, {"a", {}}}), InvalidArgument);
}

TEST(PartialContent, ShowsWhatIsThereAndSaysThatItIsCut) {
  const auto shown = [](std::string_view json) {
    return GeneratedContent::from_partial_json(json).to_json();
  };
  EXPECT_EQ(shown(R"({"city": "Os)"), R"({"city":"Os"})");
  EXPECT_EQ(shown(R"({"city": "Oslo", "days)"), R"({"city":"Oslo"})");
  EXPECT_EQ(shown(R"({"city": "Oslo", "days": 1)"), R"({"city":"Oslo"})") << "it may be 12";
  EXPECT_EQ(shown(R"({"city": "Oslo", "days": 1,)"), R"({"city":"Oslo","days":1})");
  EXPECT_EQ(shown("[[1, 2], [3, tru"), "[[1,2],[3]]");
  EXPECT_EQ(shown("\"caf\xC3"), "\"caf\"") << "half a character is none";
  EXPECT_EQ(shown(R"("a\)"), R"("a")");
  EXPECT_EQ(shown(R"("\ud83c\udf)"), R"("")");
  EXPECT_EQ(shown(""), "null");
  for (const char* cut : {"", "{", "[1", "[1,", "\"a", "{\"a\":1", "{\"a\":1,", "tru", "12"}) {
    EXPECT_FALSE(GeneratedContent::from_partial_json(cut).is_complete()) << cut;
  }
  const auto cut = GeneratedContent::from_partial_json(R"({"a": [1], "b": "x)");
  EXPECT_TRUE(cut.find("a")->is_complete());
  EXPECT_FALSE(cut.find("b")->is_complete());
}

TEST(PartialContent, RefusesWhatBeginsNoJson) {
  for (const char* json :
       {"}", "[}", "{]", "[1 2]", "{1", R"({"a" 1)", R"({"a":1 "b")", "[1,]", "nul ", "01 ", "\"\n",
        R"("\x)", R"("\ud800x)", R"("\udc00)", R"({"a":1,"a")", "1 1", "\"\xFF\"", "[1e999,"}) {
    EXPECT_THROW(GeneratedContent::from_partial_json(json), DecodingFailure) << json;
  }
  EXPECT_THROW(GeneratedContent::from_partial_json(std::string(257, '[')), DecodingFailure);
}

TEST(PartialContent, EveryCutShowsABeginningOfTheWhole) {
  EXPECT_TRUE(rc::check(
      [](const std::vector<std::uint32_t>& choices, const std::vector<std::uint8_t>& cuts) {
        std::size_t used = 0;
        const GeneratedContent whole = content_from(choices, used, 0);
        GeneratedContent before = GeneratedContent::from_partial_json("");
        stream_json(whole.to_json(), cuts, [&](const GeneratedContent& now, std::size_t) {
          RC_ASSERT(goes_on(before, now));
          RC_ASSERT(text::is_valid_utf8(now.to_json()));
          RC_ASSERT(goes_on(now, whole, false));
          before = now;
        });
        RC_ASSERT(before.is_complete());
        RC_ASSERT(before == whole);
      }));
}

}  // namespace
}  // namespace espalier
