#include "framework/schema_outline.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "espalier/espalier.h"

namespace outlined {
enum class Season { spring, summer, autumn, winter };
struct Sight {
  std::string name;
  std::optional<std::string> why;
};
struct Trip {
  std::string city;
  int days = 0;
  Season season = Season::spring;
  std::vector<Sight> sights;
  std::vector<std::string> words;
};
struct Person {
  std::string name;
  std::vector<Person> children;
};
struct Visit {
  Sight first;
  Sight second;
  Season season = Season::spring;
  Season other = Season::spring;
};
struct Letter {
  std::variant<Sight, std::string> content;
};
}  // namespace outlined
ESPALIER_GENERABLE_ENUM(outlined::Season, spring, summer, autumn, winter);
ESPALIER_GENERABLE(outlined::Sight, name, (why, "in a few words"));
ESPALIER_GENERABLE_AS(outlined::Trip, "a journey", (days, "how long", range(1, 14)), city, season,
                      (sights, count(3)), (words, "to learn"));
ESPALIER_GENERABLE(outlined::Person, name, children);
ESPALIER_GENERABLE(outlined::Letter, content);
ESPALIER_GENERABLE(outlined::Visit, first, second, season, other);

namespace espalier::framework {
namespace {

template <class T, class... Guides>
std::string outline(Guides... guides) {
  return schema_outline(GenerationSchema::of<T>(guides...));
}

TEST(SchemaOutline, NamesWhatIsWantedInItsOrder) {
  EXPECT_EQ(outline<outlined::Trip>(),
            "Answer with JSON (a journey): days (how long), city, season (spring, summer, autumn "
            "or winter), sights [{name, why (in a few words; optional)}], words (to learn).");
}

TEST(SchemaOutline, WhatIsWithinItselfIsNamedOnce) {
  EXPECT_EQ(outline<outlined::Person>(), "Answer with JSON: name, children [Person].");
}

TEST(SchemaOutline, WhatIsMentionedAgainIsCalledByItsName) {
  EXPECT_EQ(outline<outlined::Visit>(),
            "Answer with JSON: first Sight {name, why (in a few words; optional)}, second Sight, "
            "season (spring, summer, autumn or winter), other (spring, summer, autumn or winter).");
}

// Each of thirty levels refers to the next one twice.
TEST(SchemaOutline, GrowsAsItsSchemaDoes) {
  std::string definitions;
  for (int i = 0; i < 30; ++i) {
    definitions += R"("L)" + std::to_string(i) +
                   R"(":{"type":"object","properties":{"a":{"$ref":"#/$defs/L)" +
                   std::to_string(i + 1) + R"("},"b":{"$ref":"#/$defs/L)" + std::to_string(i + 1) +
                   R"("}},"additionalProperties":false},)";
  }
  const std::string text = schema_outline(GenerationSchema::from_json(
      R"({"$ref":"#/$defs/L0","$defs":{)" + definitions + R"("L30":{"type":"integer"}}})"));
  EXPECT_LT(text.size(), definitions.size()) << text;
  EXPECT_NE(text.find("a (optional) L29 {a (optional), b (optional)}"), std::string::npos) << text;
}

TEST(SchemaOutline, ReferencesAreFollowedHoweverTheyAreSpelled) {
  const GenerationSchema schema(DynamicGenerationSchema::object(
      "Menu",
      {{.name = "soup",
        .schema = DynamicGenerationSchema::any_of("Soup of the day/~", {"leek", "beet"})}}));
  EXPECT_EQ(schema_outline(schema), "Answer with JSON: soup (leek or beet).");
  EXPECT_EQ(
      schema_outline(GenerationSchema::from_json(
          R"({"type":"object","required":["a","b","c","d"],"additionalProperties":false,"properties":{
                    "a":{"$ref":"#/definitions/A"},"b":{"const":"one"},"c":{"$ref":"#/properties/b"},
                    "d":{"oneOf":[{"$ref":"#/definitions/A"},{"enum":["x"]}]}},
                    "definitions":{"A":{"$ref":"#/definitions/B"},
                                   "B":{"type":"object","properties":{"z":{"type":"null"}},
                                        "additionalProperties":false}}})")),
      "Answer with JSON: a B {z (optional)}, b (one), c (one), d B or x.");
}

TEST(SchemaOutline, AlternativesStandSideBySide) {
  EXPECT_EQ(outline<outlined::Letter>(),
            "Answer with JSON: content {name, why (in a few words; optional)}.");
  EXPECT_EQ(outline<std::string>(guides::any_of("yes", "no")), "Answer with JSON: yes or no.");
}

TEST(SchemaOutline, WhatIsNoObjectHasOneToo) {
  EXPECT_EQ(outline<int>(), "Answer with JSON.");
  EXPECT_EQ(outline<std::vector<outlined::Sight>>(),
            "Answer with JSON: [{name, why (in a few words; optional)}].");
}

TEST(SchemaOutline, LongListsOfChoicesAreCut) {
  std::vector<std::string> choices;
  for (int i = 0; i < 100; ++i) choices.push_back("c" + std::to_string(i));
  const std::string text = outline<std::string>(guides::any_of(choices));
  EXPECT_TRUE(text.ends_with("c30, c31, ….")) << text;
}

}  // namespace
}  // namespace espalier::framework
