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
struct Letter {
  std::variant<Sight, std::string> content;
};
}  // namespace outlined
ESPALIER_GENERABLE_ENUM(outlined::Season, spring, summer, autumn, winter);
ESPALIER_GENERABLE(outlined::Sight, name, (why, "in a few words"));
ESPALIER_GENERABLE_AS(outlined::Trip, "a journey", city, (days, "how long", range(1, 14)), season,
                      (sights, count(3)), (words, "to learn"));
ESPALIER_GENERABLE(outlined::Person, name, children);
ESPALIER_GENERABLE(outlined::Letter, content);

namespace espalier::framework {
namespace {

template <class T, class... Guides>
std::string outline(Guides... guides) {
  return schema_outline(GenerationSchema::of<T>(guides...));
}

TEST(SchemaOutline, NamesWhatIsWantedInItsOrder) {
  EXPECT_EQ(outline<outlined::Trip>(),
            "Answer with JSON (a journey): city, days (how long), season (spring, summer, autumn "
            "or winter), sights [{name, why (in a few words; optional)}], words (to learn).");
}

TEST(SchemaOutline, WhatIsWithinItselfIsNamedOnce) {
  EXPECT_EQ(outline<outlined::Person>(), "Answer with JSON: name, children [Person].");
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
