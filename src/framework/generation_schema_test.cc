// Schemas put together at run time, and their dialect of JSON.
#include "espalier/generation_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "espalier/error.h"
#include "espalier/generable.h"
#include "framework/schema_access.h"
#include "guide/matcher.h"

namespace espalier {
namespace {

using Dynamic = DynamicGenerationSchema;
using Problem = InvalidSchema::Problem;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Problem problem_of(const Dynamic& root, const std::vector<Dynamic>& dependencies = {}) {
  try {
    GenerationSchema schema(root, dependencies);
  } catch (const InvalidSchema& fault) {
    EXPECT_EQ(fault.code(), ErrorCode::invalid_schema);
    return fault.problem();
  }
  return Problem::other;
}

TEST(GenerationSchema, IsWrittenInTheDialect) {
  const GenerationSchema schema(Dynamic::object(
      "Order",
      {{.name = "size", .schema = Dynamic::any_of("Size", {"small", "large"})},
       {.name = "guests",
        .schema = Dynamic::of<int>({guides::range(1, 8)}),
        .description = "how many eat",
        .is_optional = true},
       {.name = "code", .schema = Dynamic::string().with({guides::pattern("[A-Z]{3}")})},
       {.name = "tips", .schema = Dynamic::array(Dynamic::of<double>(), 1, 3)},
       {.name = "parts", .schema = Dynamic::array(Dynamic::reference("Order"))}},
      "what to bring"));
  EXPECT_EQ(schema.to_json(),
            R"({"title":"Order","type":"object","description":"what to bring","properties":{)"
            R"("code":{"type":"string","pattern":"[A-Z]{3}"},)"
            R"("guests":{"type":"integer","minimum":1,"maximum":8,"description":"how many eat"},)"
            R"("parts":{"type":"array","items":{"$ref":"#"}},)"
            R"("size":{"$ref":"#/$defs/Size"},)"
            R"("tips":{"type":"array","items":{"type":"number"},"minItems":1,"maxItems":3}},)"
            R"("x-order":["size","guests","code","tips","parts"],)"
            R"("required":["size","code","tips","parts"],"additionalProperties":false,)"
            R"("$defs":{"Size":{"title":"Size","type":"string","enum":["small","large"]}}})");
  EXPECT_EQ(schema.name(), "Order");
}

// Automata grow as answers walk them, and one schema may serve any number of answers.
TEST(GenerationSchema, AGuideThatIsWornIsCompiledAnew) {
  const auto schema = GenerationSchema::from_json(R"({"pattern":"^.{0,4000}@.{0,4000}$"})");
  std::vector<std::string> bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.emplace_back(1, static_cast<char>(byte));
  const auto trie = guide::TokenTrie::of_texts(std::move(bytes), {0});
  const auto guide = framework::SchemaAccess::guide(schema, {});
  EXPECT_EQ(framework::SchemaAccess::guide(schema, {}), guide);
  for (int at = 1; !guide->is_worn(); ++at) {
    ASSERT_LT(at, 200);
    guide::Matcher matcher(guide, trie);
    ASSERT_TRUE(matcher.accept('"'));
    for (int i = 0; i < 3000; ++i) ASSERT_TRUE(matcher.accept(i == at ? '@' : 'a'));
  }
  EXPECT_NE(framework::SchemaAccess::guide(schema, {}), guide);
}

TEST(GenerationSchema, ReadsWhatItWrites) {
  const GenerationSchema schema(
      Dynamic::any_of("Either", {Dynamic::reference("A"), Dynamic::of<bool>(), Dynamic::null()}),
      {Dynamic::object("A", {{.name = "x", .schema = Dynamic::dictionary(Dynamic::anything())}})});
  EXPECT_EQ(
      schema.to_json(),
      R"({"title":"Either","anyOf":[{"$ref":"#/$defs/A"},{"type":"boolean"},{"type":"null"}],)"
      R"("$defs":{"A":{"title":"A","type":"object","properties":{"x":{"type":"object",)"
      R"("additionalProperties":{}}},"x-order":["x"],"required":["x"],)"
      R"("additionalProperties":false}}})");
  const GenerationSchema read = GenerationSchema::from_json(schema.to_json());
  EXPECT_EQ(read, schema);
  EXPECT_EQ(read.to_json(), schema.to_json());
  EXPECT_EQ(read.name(), "Either");
  EXPECT_NE(read, GenerationSchema::of<bool>());
}

TEST(GenerationSchema, ReadsNamesThatUrisAndPointersEscape) {
  const GenerationSchema schema(
      Dynamic::object("Root", {{.name = "a", .schema = Dynamic::reference("a/b~c d%é")}}),
      {Dynamic::any_of("a/b~c d%é", {"x"})});
  EXPECT_EQ(GenerationSchema::from_json(schema.to_json()), schema);
}

TEST(GenerationSchema, OrderOfKeysDoesNotCount) {
  EXPECT_EQ(GenerationSchema::from_json(R"({"type": "string", "enum": ["a", "b"]})"),
            GenerationSchema::from_json(R"({"enum": ["a", "b"], "type": "string"})"));
  EXPECT_NE(GenerationSchema::from_json(R"({"type": "string", "enum": ["a", "b"]})"),
            GenerationSchema::from_json(R"({"type": "string", "enum": ["b", "a"]})"));
}

TEST(GenerationSchema, NamesWhatIsWrongWithItsParts) {
  const auto a = Dynamic::object("A", {{.name = "x", .schema = Dynamic::of<int>()}});
  const auto other_a = Dynamic::object("A", {{.name = "y", .schema = Dynamic::of<int>()}});
  const auto of_a =
      Dynamic::object("Root", {{.name = "a", .schema = a}, {.name = "b", .schema = a}});
  EXPECT_NO_THROW(GenerationSchema schema(of_a));
  EXPECT_EQ(problem_of(of_a, {other_a}), Problem::duplicate_type);
  EXPECT_EQ(problem_of(Dynamic::object("B", {{.name = "x", .schema = Dynamic::null()},
                                             {.name = "x", .schema = Dynamic::of<int>()}})),
            Problem::duplicate_property);
  EXPECT_EQ(problem_of(Dynamic::any_of("C", std::vector<Dynamic>{})), Problem::empty_type_choices);
  EXPECT_EQ(problem_of(Dynamic::any_of("C", std::vector<std::string>{})),
            Problem::empty_type_choices);
  EXPECT_EQ(problem_of(Dynamic::array(Dynamic::reference("D"))), Problem::undefined_references);
  EXPECT_EQ(problem_of(Dynamic::reference("D")), Problem::undefined_references);
}

TEST(GenerationSchema, MessagesNameThePlace) {
  EXPECT_THAT(
      [] {
        GenerationSchema schema(
            Dynamic::object("Trip", {{.name = "hotel", .schema = Dynamic::reference("Hotel")}}));
      },
      ThrowsMessage<InvalidSchema>(HasSubstr("Trip.hotel refers to Hotel")));
}

TEST(GenerationSchema, RefusesGuidesOfOtherTypes) {
  using namespace guides;
  const auto message = [](const char* words) {
    return ThrowsMessage<UnsupportedGuide>(HasSubstr(words));
  };
  EXPECT_THAT([] { (void)Dynamic::string().with({count(1)}); },
              message("count is no guide for a string; constant, any_of and pattern are"));
  EXPECT_THAT([] { Dynamic::of<int>({pattern("a")}); }, message("pattern is no guide for an int"));
  EXPECT_THAT([] { (void)Dynamic::array(Dynamic::string()).with({minimum(1)}); },
              message("minimum"));
  EXPECT_THAT([] { (void)Dynamic::array(Dynamic::of<int>()).with({any_of("a")}); },
              message("any_of is no guide for an integer"));
  EXPECT_THAT([] { (void)Dynamic::reference("A").with({count(1)}); }, message("none is"));
  EXPECT_NO_THROW((void)Dynamic::boolean().with({count(1), pattern("x")})) << "bool ignores guides";
}

TEST(GenerationSchema, RefusesWhatAllowsNothingOrCannotBeHeldTo) {
  using namespace guides;
  EXPECT_THROW(Dynamic::of<int>({range(5, 1)}), InvalidSchema);
  EXPECT_THROW(Dynamic::array(Dynamic::string(), 3, 2), InvalidSchema);
  EXPECT_THROW((void)Dynamic::string().with({any_of(std::vector<std::string>{})}), InvalidSchema);
  EXPECT_THROW(GenerationSchema schema(Dynamic::nothing()), InvalidSchema);
  EXPECT_THROW(GenerationSchema schema(Dynamic::string().with({pattern("(")})), InvalidSchema);
  EXPECT_THROW(GenerationSchema schema(Dynamic::string().with({pattern("(a)\\1")})),
               UnsupportedGuide);
  EXPECT_THROW(GenerationSchema::from_json("{"), InvalidSchema);
  EXPECT_THROW(GenerationSchema::from_json(R"({"type": "strin"})"), InvalidSchema);
  EXPECT_THROW(GenerationSchema::from_json(R"({"$ref": "other.json"})"), UnsupportedGuide);
}

template <class T, class... Guides>
std::string guided(Guides... guides) {
  return GenerationSchema::of<T>(guides...).to_json();
}

TEST(GenerationGuide, EachIsWrittenAsItsKeyword) {
  using namespace guides;
  EXPECT_EQ(guided<std::string>(constant("v1")), R"({"type":"string","enum":["v1"]})");
  EXPECT_EQ(guided<std::string>(any_of("a", "b")), R"({"type":"string","enum":["a","b"]})");
  EXPECT_EQ(guided<std::string>(pattern("^a+$")), R"({"type":"string","pattern":"^a+$"})");
  EXPECT_EQ(guided<int>(minimum(-2)), R"({"type":"integer","minimum":-2})");
  EXPECT_EQ(guided<double>(maximum(2.5)), R"({"type":"number","maximum":2.5})");
  EXPECT_EQ(guided<int>(range(1, 14)), R"({"type":"integer","minimum":1,"maximum":14})");
  const auto bools = [](const std::string& bounds) {
    return R"({"type":"array","items":{"type":"boolean"},)" + bounds + "}";
  };
  using Bools = std::vector<bool>;
  EXPECT_EQ(guided<Bools>(minimum_count(1)), bools(R"("minItems":1)"));
  EXPECT_EQ(guided<Bools>(maximum_count(5)), bools(R"("maxItems":5)"));
  EXPECT_EQ(guided<Bools>(count(3)), bools(R"("minItems":3,"maxItems":3)"));
  EXPECT_EQ(guided<Bools>(count(1, 5)), bools(R"("minItems":1,"maxItems":5)"));
  EXPECT_EQ(guided<std::vector<int>>(element(range(1, 6))),
            R"({"type":"array","items":{"type":"integer","minimum":1,"maximum":6}})");
}

TEST(GenerationSchema, GuidesOnOneValueAllHold) {
  using namespace guides;
  EXPECT_EQ(GenerationSchema(Dynamic::of<int>({minimum(0), range(-5, 9), maximum(20)})).to_json(),
            R"({"type":"integer","minimum":0,"maximum":9})");
  EXPECT_EQ(GenerationSchema(Dynamic::string().with({any_of("a", "b"), constant("b")})).to_json(),
            R"({"type":"string","enum":["b"]})");
  EXPECT_EQ(
      GenerationSchema(Dynamic::array(Dynamic::string()).with({count(2), any_of("a", "b")}))
          .to_json(),
      R"({"type":"array","items":{"type":"string","enum":["a","b"]},"minItems":2,"maxItems":2})");
}

}  // namespace
}  // namespace espalier
