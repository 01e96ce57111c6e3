// Content as a tree: JSON both ways, cut anywhere, read as types.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "espalier/error.h"
#include "espalier/generable.h"
#include "espalier/generated_content.h"
#include "framework/partial_content.h"

namespace espalier {
namespace {

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
  for (const char* cut : {"", "{", "[1", "\"a", "{\"a\":1", "tru", "12"}) {
    EXPECT_FALSE(GeneratedContent::from_partial_json(cut).is_complete()) << cut;
  }
  const auto cut = GeneratedContent::from_partial_json(R"({"a": [1], "b": "x)");
  EXPECT_TRUE(cut.find("a")->is_complete());
  EXPECT_FALSE(cut.find("b")->is_complete());
}

TEST(PartialContent, RefusesWhatBeginsNoJson) {
  for (const char* json :
       {"}", "[}", "{]", "[1 2]", "{1", R"({"a" 1)", R"({"a":1 "b")", "[1,]", "nul ", "01 ", "\"\n",
        R"("\x)", R"("\ud800x)", R"("\udc00)", R"({"a":1,"a")", "1 1", "\"\xFF\""}) {
    EXPECT_THROW(GeneratedContent::from_partial_json(json), DecodingFailure) << json;
  }
  EXPECT_THROW(GeneratedContent::from_partial_json(std::string(257, '[')), DecodingFailure);
}

// Content of a few levels, from a list of choices.
GeneratedContent content_from(const std::vector<std::uint32_t>& choices, std::size_t& next,
                              int depth) {
  const std::uint32_t choice = next < choices.size() ? choices[next++] : 0;
  std::vector<GeneratedContent> parts;
  const bool nests = choice % 6 >= 4 && depth < 4;
  for (std::uint32_t i = 0; nests && i < choice / 6 % 4; ++i) {
    parts.push_back(content_from(choices, next, depth + 1));
  }
  switch (choice % 6) {
    case 0:
      return {};
    case 1:
      return GeneratedContent::boolean(choice % 4 < 2);
    case 2:
      return GeneratedContent::number(static_cast<double>(choice) / 8);
    case 3:
      return GeneratedContent::string(choice % 4 < 2 ? "plain" : "\"é\\\n🌳");
    case 4:
      return GeneratedContent::array(std::move(parts));
    default: {
      std::vector<GeneratedContent::Property> properties;
      for (auto& part : parts) {
        properties.push_back({"k" + std::to_string(properties.size()), std::move(part)});
      }
      return GeneratedContent::structure(std::move(properties));
    }
  }
}

// Whether `later` has all that `earlier` shows, where it shows it.
bool goes_on(const GeneratedContent& earlier, const GeneratedContent& later) {
  if (earlier.is_complete()) return earlier == later;
  if (earlier.kind() == Kind::null) return true;  // nothing was there
  if (earlier.kind() != later.kind() || !later.text().starts_with(earlier.text()) ||
      earlier.elements().size() > later.elements().size() ||
      earlier.properties().size() > later.properties().size()) {
    return false;
  }
  for (std::size_t i = 0; i < earlier.elements().size(); ++i) {
    if (!goes_on(earlier.elements()[i], later.elements()[i])) return false;
  }
  for (std::size_t i = 0; i < earlier.properties().size(); ++i) {
    if (earlier.properties()[i].key != later.properties()[i].key ||
        !goes_on(earlier.properties()[i].value, later.properties()[i].value)) {
      return false;
    }
  }
  return true;
}

TEST(PartialContent, EveryCutShowsABeginningOfTheWhole) {
  rc::check([](const std::vector<std::uint32_t>& choices, const std::vector<std::uint8_t>& cuts) {
    std::size_t used = 0;
    const GeneratedContent whole =
        GeneratedContent::array({content_from(choices, used, 0), content_from(choices, used, 0)});
    const std::string json = whole.to_json();
    framework::PartialContent parser;
    GeneratedContent before = parser.content();
    std::size_t at = 0;
    for (std::size_t cut = 0; at < json.size(); ++cut) {
      const std::size_t size = cut < cuts.size() ? 1 + cuts[cut] % 9 : 1;
      parser.feed(std::string_view(json).substr(at, size));
      at += size;
      const GeneratedContent now = parser.content();
      RC_ASSERT(goes_on(before, now));
      RC_ASSERT(goes_on(now, whole));
      before = now;
    }
    RC_ASSERT(before.is_complete());
    RC_ASSERT(before == whole);
  });
}

}  // namespace
}  // namespace espalier
