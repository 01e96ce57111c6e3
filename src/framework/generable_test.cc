// User types by one declaration: their schemas, their values as content and back, and as far as
// they have come.
#include "espalier/generable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "espalier/error.h"
#include "framework/schema_access.h"
#include "guide/guide_testing.h"
#include "guide/matcher.h"

namespace app {

enum class Season { spring, summer };

struct Sight {
  std::string name;
  double price = 0;
  bool operator==(const Sight&) const = default;
};

struct Trip {
  std::string city;
  int days = 0;
  Season season = Season::summer;
  std::vector<Sight> sights;
  std::optional<std::string> note;
  std::map<std::string, int> packing;
  std::variant<Sight, std::string, bool> other;
  bool operator==(const Trip&) const = default;
};

struct Tree {
  std::string name;
  std::vector<Tree> children;
  std::unique_ptr<Tree> twin;
};

struct Numbers {
  std::uint8_t small = 0;
  std::int64_t large = 0;
  float single = 0;
  espalier::Decimal exact;
  espalier::GeneratedContent any;
  std::vector<espalier::Never> none;
};

struct Named {
  std::string name;
};
struct Booking : Named {
  std::array<int, 3> dice = {};
  std::unordered_map<std::string, bool> wishes;
};
enum class Colour { red, light_blue };
struct Nothing {};

struct Holder {
  Tree tree;
  std::vector<std::optional<int>> holes;
};

}  // namespace app

namespace shop {
struct Booking {
  int till = 0;
};
}  // namespace shop

ESPALIER_GENERABLE_ENUM(app::Season, spring, summer);
ESPALIER_GENERABLE(app::Sight, name, (price, minimum(0)));
ESPALIER_GENERABLE_AS(app::Trip, "a journey", (city, "where it goes", pattern("[A-Z][a-z]+")),
                      (days, "how long", range(1, 14)), season, (sights, count(0, 3)), note,
                      packing, other);
ESPALIER_GENERABLE(app::Tree, name, (children, maximum_count(2)), twin);
ESPALIER_GENERABLE(app::Numbers, small, large, single, exact, any, none);
ESPALIER_GENERABLE(app::Booking, (name, "of the guest"), (dice, element(range(1, 6))), wishes);
ESPALIER_GENERABLE_NAMED(shop::Booking, "ShopBooking", "a place at a till", till);
ESPALIER_GENERABLE_ENUM_NAMED(app::Colour, "Paint", red, (light_blue, "light blue"));
ESPALIER_GENERABLE(app::Nothing);
ESPALIER_GENERABLE(app::Holder, tree, (holes, element(range(1, 6))));

namespace espalier {
namespace {

using app::Season;
using app::Sight;
using app::Trip;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const Trip oslo = {.city = "Oslo",
                   .days = 3,
                   .season = Season::spring,
                   .sights = {{"Opera", 0}, {"Fram", 14.5}},
                   .note = std::nullopt,
                   .packing = {{"socks", 3}},
                   .other = "by train"};

TEST(Generable, ATypeBecomesItsSchema) {
  EXPECT_EQ(GenerationSchema::of<Sight>().to_json(),
            R"({"title":"Sight","type":"object","properties":{"name":{"type":"string"},)"
            R"("price":{"type":"number","minimum":0}},"x-order":["name","price"],)"
            R"("required":["name","price"],"additionalProperties":false})");
  const std::string trip = GenerationSchema::of<Trip>().to_json();
  for (const char* part :
       {R"("description":"a journey")",
        R"("city":{"type":"string","pattern":"[A-Z][a-z]+","description":"where it goes"})",
        R"("days":{"type":"integer","minimum":1,"maximum":14,"description":"how long"})",
        R"("season":{"$ref":"#/$defs/Season"})",
        R"("sights":{"type":"array","items":{"$ref":"#/$defs/Sight"},"minItems":0,"maxItems":3})",
        R"("packing":{"type":"object","additionalProperties":{"type":"integer"}})",
        R"("other":{"anyOf":[{"$ref":"#/$defs/Sight"},{"type":"string"},{"type":"boolean"}]})",
        R"("Season":{"title":"Season","type":"string","enum":["spring","summer"]})",
        R"("required":["city","days","season","sights","packing","other"])"}) {
    EXPECT_THAT(trip, HasSubstr(part));
  }
}

// What the schema of a type is, and what a value of it is as JSON and read from there.
template <class T>
void expect_built_in(const T& value, const char* schema, const char* json) {
  EXPECT_EQ(GenerationSchema::of<T>().to_json(), schema);
  EXPECT_EQ(GeneratedContent::of(value).to_json(), json);
  EXPECT_EQ(GeneratedContent::from_json(json).value<T>(), value);
}

TEST(Generable, EachBuiltInTypeHasItsSchemaAndItsValues) {
  expect_built_in(true, R"({"type":"boolean"})", "true");
  expect_built_in(false, R"({"type":"boolean"})", "false");
  expect_built_in(std::string("a\"b"), R"({"type":"string"})", R"("a\"b")");
  expect_built_in(-7, R"({"type":"integer"})", "-7");
  expect_built_in(0.5F, R"({"type":"number"})", "0.5");
  expect_built_in(1e-300, R"({"type":"number"})", "1e-300");
  expect_built_in(Decimal{"0.10"}, R"({"type":"number"})", "0.10");
  expect_built_in(std::vector<int>{1, 2}, R"({"type":"array","items":{"type":"integer"}})",
                  "[1,2]");
  const char* const maybe = R"({"anyOf":[{"type":"integer"},{"type":"null"}]})";
  expect_built_in(std::optional<int>(3), maybe, "3");
  expect_built_in(std::optional<int>(), maybe, "null");
  expect_built_in(std::vector<Never>(), R"({"type":"array","items":{"not":{}}})", "[]");
  expect_built_in(GeneratedContent::from_json("[1]"), "{}", "[1]");
}

TEST(Generable, NeverHasNoValues) {
  EXPECT_THROW(GenerationSchema::of<Never>(), InvalidSchema);
  EXPECT_THROW(GeneratedContent::of(Never()), InvalidArgument);
  EXPECT_THROW(GeneratedContent::from_json("[1]").value<std::vector<Never>>(), DecodingFailure);
  EXPECT_EQ(partially<Never>(GeneratedContent::number(1)), std::nullopt);
}

TEST(Generable, AnEnumIsOneOfItsNames) {
  EXPECT_EQ(GenerationSchema::of<Season>().to_json(),
            R"({"title":"Season","type":"string","enum":["spring","summer"]})");
  EXPECT_EQ(GeneratedContent::of(Season::summer).to_json(), R"("summer")");
  EXPECT_EQ(GeneratedContent::string("spring").value<Season>(), Season::spring);
  EXPECT_THROW(GeneratedContent::of(static_cast<Season>(7)), InvalidArgument);
}

TEST(Generable, AVariantIsReadAsTheFirstThatFits) {
  const GeneratedContent three = GeneratedContent::number(3);
  EXPECT_EQ((three.value<std::variant<int, double>>().index()), 0U);
  EXPECT_EQ((three.value<std::variant<double, int>>().index()), 0U);
  EXPECT_EQ((three.value<std::variant<bool, std::string, double>>().index()), 2U);
  EXPECT_THROW((three.value<std::variant<bool, std::string>>()), DecodingFailure);
}

TEST(Generable, TypesMayHoldThemselves) {
  const std::string tree = GenerationSchema::of<app::Tree>().to_json();
  EXPECT_THAT(tree, HasSubstr(R"("children":{"type":"array","items":{"$ref":"#"},"maxItems":2})"));
  EXPECT_THAT(tree, HasSubstr(R"("required":["name","children"])"));
  EXPECT_THAT(GenerationSchema::of<app::Holder>().to_json(),
              HasSubstr(R"("twin":{"$ref":"#/$defs/Tree"})"));
  const auto content = GeneratedContent::from_json(
      R"({"name":"a","children":[{"name":"b","children":[]}],"twin":{"name":"c","children":[]}})");
  const auto value = content.value<app::Tree>();
  EXPECT_EQ(value.children.at(0).name, "b");
  EXPECT_EQ(value.twin->name, "c");
  EXPECT_EQ(value.twin->twin, nullptr);
  EXPECT_EQ(GeneratedContent::of(value), content);
}

TEST(Generable, AValueComesBackFromItsContent) {
  const GeneratedContent content = GeneratedContent::of(oslo);
  EXPECT_EQ(content.to_json(),
            R"({"city":"Oslo","days":3,"season":"spring","sights":[{"name":"Opera","price":0},)"
            R"({"name":"Fram","price":14.5}],"packing":{"socks":3},"other":"by train"})");
  EXPECT_EQ(content.value<Trip>(), oslo);
  EXPECT_EQ(GeneratedContent::from_json(content.to_json()).value<Trip>(), oslo);
}

TEST(Generable, NumbersKeepTheirDigits) {
  const auto content = GeneratedContent::from_json(
      R"({"small":255,"large":-9223372036854775808,"single":0.5,)"
      R"("exact":0.1000000000000000055511151231257827,"any":[1,{}],"none":[]})");
  const auto value = content.value<app::Numbers>();
  EXPECT_EQ(value.small, 255);
  EXPECT_EQ(value.exact.text, "0.1000000000000000055511151231257827");
  EXPECT_EQ(GeneratedContent::of(value).to_json(), content.to_json());
}

// A guide that takes one byte after the other, whatever a model would rather write.
class Walk {
 public:
  explicit Walk(const GenerationSchema& schema)
      : matcher_(framework::SchemaAccess::guide(schema, {}), guide::testing::byte_trie()) {}

  bool take(char byte) {
    if (!matcher_.accept(static_cast<unsigned char>(byte))) return false;
    text_ += byte;
    return true;
  }
  bool can_end() {
    guide::Matcher copy = matcher_;
    return copy.accept(guide::testing::end_token);
  }
  const std::string& text() const { return text_; }

 private:
  guide::Matcher matcher_;
  std::string text_;
};

// As many nines as there can be are the longest way to a number that is too large.
template <class T>
std::string largest_of_nines(const char* sign) {
  Walk walk(GenerationSchema::of<T>());
  for (const char* c = sign; *c != 0; ++c) walk.take(*c);
  for (int i = 0; i < 700 && walk.take('9'); ++i) continue;
  EXPECT_TRUE(walk.can_end());
  return walk.text();
}

TEST(Generable, RealNumbersAreHeldToWhatTheirTypeCanHold) {
  EXPECT_EQ(largest_of_nines<float>(""), std::string(38, '9'));
  EXPECT_EQ(largest_of_nines<double>("-"), "-" + std::string(308, '9'));
  EXPECT_EQ(largest_of_nines<Decimal>(""), std::string(700, '9')) << "it has no largest one";
  std::mt19937 chance(1);
  for (int i = 0; i < 300; ++i) {
    Walk walk(GenerationSchema::of<double>());
    for (int step = 0; step < 400 || !walk.can_end(); ++step) {
      const bool digit = chance() % 50 != 0;
      walk.take(digit ? static_cast<char>('0' + chance() % 10) : ".-"[chance() % 2]);
    }
    EXPECT_TRUE(std::isfinite(GeneratedContent::spelled_number(walk.text()).value<double>()))
        << walk.text();
  }
  for (const double number : {std::numeric_limits<double>::max(), 0.1, -3e-9}) {
    EXPECT_EQ(GeneratedContent::of(number).value<double>(), number);
  }
  EXPECT_EQ(GenerationSchema::of<std::vector<float>>().to_json(),
            R"({"type":"array","items":{"type":"number"}})")
      << "the model is not shown these bounds";
}

TEST(Generable, BoundsAreNarrowedByExactValues) {
  const auto least = [](std::int64_t number) { return guides::minimum(number); };
  EXPECT_EQ(
      GenerationSchema::of<std::int64_t>(least(9'007'199'254'740'992), least(9'007'199'254'740'993))
          .to_json(),
      R"({"type":"integer","minimum":9007199254740993})");
}

TEST(Generable, ContentThatIsNoValueIsRefusedByPlace) {
  const auto refused = [](const char* json, const char* words) {
    EXPECT_THAT([&] { GeneratedContent::from_json(json).value<Sight>(); },
                ThrowsMessage<DecodingFailure>(HasSubstr(words)));
  };
  refused(R"({"name":"a"})", "(/price): this property is missing");
  refused(R"({"name":"a","price":"b"})", "(/price): a number is expected");
  refused(R"({"name":"a","price":1,"more":2})", "(/more): no such property is in Sight");
  EXPECT_THAT([] { GeneratedContent::string("autumn").value<Season>(); },
              ThrowsMessage<DecodingFailure>(HasSubstr("is no value of enum app::Season")));
}

TEST(Generable, GuidesAreCheckedAgainstTypes) {
  using namespace guides;
  static_assert(detail::fits<int, NumberGuide> && !detail::fits<int, StringGuide>);
  static_assert(detail::fits<std::string, StringGuide> && !detail::fits<std::string, CountGuide>);
  static_assert(detail::fits<std::vector<int>, CountGuide>);
  static_assert(!detail::fits<std::vector<int>, NumberGuide>);
  static_assert(!detail::fits<std::vector<int>, ChoiceGuide>);
  static_assert(detail::fits<std::vector<std::string>, ChoiceGuide>, "for each element");
  static_assert(detail::fits<std::vector<int>, ElementGuide<NumberGuide>>);
  static_assert(!detail::fits<std::vector<int>, ElementGuide<CountGuide>>);
  static_assert(detail::fits<std::optional<int>, NumberGuide>);
  static_assert(detail::fits<bool, CountGuide>, "bool ignores guides");
  static_assert(!detail::fits<Sight, NumberGuide>);
  static_assert(Generable<Trip> && Generable<std::vector<Season>> && !Generable<void*>);
  EXPECT_EQ(GenerationSchema::of<std::vector<int>>(count(2), element(range(1, 6))).to_json(),
            R"({"type":"array","items":{"type":"integer","minimum":1,"maximum":6},)"
            R"("minItems":2,"maxItems":2})");
  EXPECT_EQ(GenerationSchema::of<bool>(count(2)).to_json(), R"({"type":"boolean"})");
}

TEST(Generable, MembersMayBeInherited) {
  app::Booking booking;
  booking.name = "Ada";
  const auto content = GeneratedContent::of(booking);
  EXPECT_EQ(content.to_json(), R"({"name":"Ada","dice":[0,0,0],"wishes":{}})");
  EXPECT_EQ(content.value<app::Booking>().name, "Ada");
}

TEST(Generable, AnArrayHasItsSize) {
  EXPECT_THAT(GenerationSchema::of<app::Booking>().to_json(),
              HasSubstr(R"("dice":{"type":"array","items":{"type":"integer","minimum":1,)"
                        R"("maximum":6},"minItems":3,"maxItems":3})"));
  const auto numbers = GeneratedContent::from_json("[1,2,3]");
  EXPECT_EQ((numbers.value<std::array<int, 3>>()), (std::array<int, 3>{1, 2, 3}));
  using Two = std::array<int, 2>;
  EXPECT_THAT([&] { numbers.value<Two>(); },
              ThrowsMessage<DecodingFailure>(HasSubstr("2 elements are expected, not 3")));
  EXPECT_THROW((numbers.value<std::array<int, 4>>()), DecodingFailure);
}

TEST(Generable, AnUnorderedMapIsWrittenInTheOrderOfItsKeys) {
  const std::unordered_map<std::string, int> values = {{"c", 3}, {"a", 1}, {"b", 2}};
  const auto content = GeneratedContent::of(values);
  EXPECT_EQ(content.to_json(), R"({"a":1,"b":2,"c":3})");
  EXPECT_EQ((content.value<std::unordered_map<std::string, int>>()), values);
  EXPECT_EQ((*partially<std::unordered_map<std::string, int>>(content)), values);
}

// Two types of one unqualified name would be refused.
TEST(Generable, ATypeAndAnEnumeratorMayHaveNamesOfTheirOwn) {
  using Either = std::variant<app::Booking, shop::Booking>;
  const std::string schema = GenerationSchema::of<Either>().to_json();
  EXPECT_THAT(schema, HasSubstr(R"("ShopBooking":{"title":"ShopBooking","type":"object",)"
                                R"("description":"a place at a till")"));
  EXPECT_THAT(schema, HasSubstr(R"({"$ref":"#/$defs/Booking"},{"$ref":"#/$defs/ShopBooking"})"));
  EXPECT_EQ(GenerationSchema::of<app::Colour>().to_json(),
            R"({"title":"Paint","type":"string","enum":["red","light blue"]})");
  EXPECT_EQ(GeneratedContent::of(app::Colour::light_blue).to_json(), R"("light blue")");
  EXPECT_EQ(GeneratedContent::string("light blue").value<app::Colour>(), app::Colour::light_blue);
  EXPECT_THROW(GeneratedContent::string("light_blue").value<app::Colour>(), DecodingFailure);
}

TEST(Generable, AStructureMayBeEmpty) {
  EXPECT_EQ(GeneratedContent::of(app::Nothing{}).to_json(), "{}");
  EXPECT_NO_THROW(GeneratedContent::from_json("{}").value<app::Nothing>());
  EXPECT_THROW(GeneratedContent::from_json(R"({"a":1})").value<app::Nothing>(), DecodingFailure);
}

TEST(PartiallyGenerated, AreEqualByTheirValues) {
  const auto tree = [](const char* name) {
    return partially<app::Tree>(GeneratedContent::from_partial_json(
        R"({"name":"a","children":[],"twin":{"name":")" + std::string(name)));
  };
  EXPECT_EQ(tree("b"), tree("b")) << "also behind pointers";
  EXPECT_NE(tree("b"), tree("c"));
}

TEST(PartiallyGenerated, HasWhatHasCome) {
  const std::string json = GeneratedContent::of(oslo).to_json();
  const auto at = [&](std::string_view until) {
    return *partially<Trip>(
        GeneratedContent::from_partial_json(json.substr(0, json.find(until) + until.size())));
  };
  const PartiallyGenerated<Trip> first = at("\"Os");
  EXPECT_EQ(first.city, "Os");
  EXPECT_EQ(first.days, std::nullopt);
  const PartiallyGenerated<Trip> second = at("\"spr");
  EXPECT_EQ(second.days, 3);
  EXPECT_EQ(second.season, std::nullopt) << "an enum is there as a whole or not";
  const PartiallyGenerated<Trip> third = at("\"Fra");
  EXPECT_EQ(third.season, Season::spring);
  ASSERT_EQ(third.sights->size(), 2U);
  EXPECT_EQ(third.sights->at(1).name, "Fra");
  EXPECT_EQ(third.sights->at(1).price, std::nullopt);
  const PartiallyGenerated<Trip> last = at("train\"}");
  EXPECT_EQ(last.packing->at("socks"), 3);
  EXPECT_EQ(std::get<std::string>(*last.other), "by train");
  EXPECT_EQ(partially<int>(GeneratedContent::number(2.5)), std::nullopt);
  EXPECT_EQ(*partially<std::vector<int>>(GeneratedContent::from_json("[1, 1e99, 3]")),
            (std::vector<int>{1, 3}));
  EXPECT_EQ(partially<Trip>(GeneratedContent()), std::nullopt);
}

TEST(PartiallyGenerated, GoesDownIntoItself) {
  const auto tree = *partially<app::Tree>(GeneratedContent::from_partial_json(
      R"({"name":"a","children":[{"name":"b","children":[{"name":"c)"));
  EXPECT_EQ(tree.children->at(0).children->at(0).name, "c");
  EXPECT_EQ(tree.twin, nullptr);
}

}  // namespace
}  // namespace espalier
