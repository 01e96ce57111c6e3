#include "guide/keyword_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "espalier/error.h"
#include "guide/format_terms.h"
#include "guide/guide_testing.h"

namespace espalier::guide {
namespace {

using testing::accepts;
using testing::guide_of;

// What shows that a keyword is held to: one value that it lets through and one that it does not.
struct Witness {
  const char* schema;
  const char* valid;
  const char* invalid;
  SchemaOptions options = {};
};

const std::map<std::string, Witness>& witnesses() {
  static const std::map<std::string, Witness> all = {
      {"$ref", {R"({"$ref":"#/x","x":{"type":"null"}})", "null", "1"}},
      {"$defs", {R"({"$ref":"#/$defs/x","$defs":{"x":{"type":"null"}}})", "null", "1"}},
      {"definitions",
       {R"({"$ref":"#/definitions/x","definitions":{"x":{"type":"null"}}})", "null", "1"}},
      {"$id", {R"({"$ref":"b.json","$defs":{"x":{"$id":"b.json","type":"null"}}})", "null", "1"}},
      {"id",
       {R"({"$schema":"http://json-schema.org/draft-04/schema#","allOf":[{"$ref":"b.json"}],
           "definitions":{"x":{"id":"b.json","type":"null"}}})",
        "null", "1"}},
      {"$anchor", {R"({"$ref":"#y","$defs":{"x":{"$anchor":"y","type":"null"}}})", "null", "1"}},
      {"$dynamicRef",
       {R"({"$dynamicRef":"#y","$defs":{"x":{"$dynamicAnchor":"y","type":"null"}}})", "null", "1"}},
      {"$recursiveRef",
       {R"({"$schema":"https://json-schema.org/draft/2019-09/schema","type":"array",
           "items":{"$recursiveRef":"#"}})",
        "[[]]", "[1]"}},
      {"type", {R"({"type":"integer"})", "1.0", "1.5"}},
      {"enum", {R"({"enum":["a",1]})", "1", "2"}},
      {"const", {R"({"const":{"a":1}})", R"({"a":1.0})", R"({"a":2})"}},
      {"allOf", {R"({"allOf":[{"minimum":1},{"maximum":2}]})", "2", "3"}},
      {"anyOf", {R"({"anyOf":[{"const":1},{"const":2}]})", "2", "3"}},
      {"oneOf", {R"({"oneOf":[{"minimum":1},{"maximum":2}]})", "3", "2"}},
      {"not", {R"({"not":{"const":1}})", "2", "1"}},
      {"if", {R"({"if":{"const":1},"then":false})", "2", "1"}},
      {"then", {R"({"if":{"minimum":1},"then":{"maximum":2}})", "2", "3"}},
      {"else", {R"({"if":{"minimum":1},"else":{"maximum":-1}})", "1", "0"}},
      {"properties", {R"({"properties":{"a":{"const":1}}})", R"({"a":1})", R"({"a":2})"}},
      {"required", {R"({"required":["a"]})", R"({"b":1,"a":1})", R"({"b":1})"}},
      {"x-order",
       {R"({"x-order":["b","a"]})",
        R"({"b":1,"a":1})",
        R"({"a":1,"b":1})",
        {.key_order = KeyOrder::declared}}},
      {"additionalProperties",
       {R"({"properties":{"a":{}},"additionalProperties":false})", R"({"a":1})", R"({"b":1})"}},
      {"patternProperties",
       {R"({"patternProperties":{"^a":{"const":1}}})", R"({"ab":1})", R"({"ab":2})"}},
      {"propertyNames", {R"({"propertyNames":{"maxLength":1}})", R"({"a":1})", R"({"ab":1})"}},
      {"minProperties", {R"({"minProperties":1})", R"({"a":1})", "{}"}},
      {"maxProperties", {R"({"maxProperties":1})", R"({"a":1})", R"({"a":1,"b":1})"}},
      {"dependentRequired",
       {R"({"dependentRequired":{"a":["b"]}})", R"({"a":1,"b":1})", R"({"a":1})"}},
      {"dependentSchemas",
       {R"({"dependentSchemas":{"a":{"maxProperties":1}}})", R"({"a":1})", R"({"a":1,"b":1})"}},
      {"dependencies", {R"({"dependencies":{"a":["b"]}})", R"({"a":1,"b":1})", R"({"a":1})"}},
      {"items", {R"({"items":{"const":1}})", "[1]", "[2]"}},
      {"prefixItems", {R"({"prefixItems":[{"const":1}]})", "[1,2]", "[2]"}},
      {"additionalItems", {R"({"items":[{}],"additionalItems":false})", "[1]", "[1,2]"}},
      {"minItems", {R"({"minItems":1})", "[1]", "[]"}},
      {"maxItems", {R"({"maxItems":1})", "[1]", "[1,1]"}},
      {"uniqueItems",
       {R"({"items":{"type":"string"},"uniqueItems":true})", R"(["a","b"])", R"(["a","a"])"}},
      {"contains", {R"({"contains":{"const":1}})", "[2,1]", "[2]"}},
      {"minContains", {R"({"contains":{"const":1},"minContains":2})", "[1,1]", "[1]"}},
      {"maxContains", {R"({"contains":{"const":1},"maxContains":1})", "[1]", "[1,1]"}},
      {"unevaluatedItems",
       {R"({"allOf":[{"prefixItems":[{}]}],"unevaluatedItems":false})", "[1]", "[1,2]"}},
      {"unevaluatedProperties",
       {R"({"allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false})", R"({"a":1})",
        R"({"b":1})"}},
      {"minLength", {R"({"minLength":2})", R"("é🐲")", R"("🐲")"}},
      {"maxLength", {R"({"maxLength":1})", R"("🐲")", R"("ab")"}},
      {"pattern", {R"({"pattern":"^a$"})", R"("a")", R"("a\n")"}},
      {"minimum", {R"({"minimum":1})", "1", "0.9"}},
      {"maximum", {R"({"maximum":1})", "1", "1.1"}},
      {"exclusiveMinimum", {R"({"exclusiveMinimum":1})", "1.1", "1"}},
      {"exclusiveMaximum", {R"({"exclusiveMaximum":1})", "0.9", "1"}},
      {"multipleOf", {R"({"multipleOf":0.01})", "0.07", "0.075"}},
  };
  return all;
}

// What each refused row means, by its keyword.
const std::map<std::string, const char*>& refused_schemas() {
  static const std::map<std::string, const char*> all = {
      {"$ref", R"({"$ref":"other.json"})"},
      {"$dynamicRef", R"({"$dynamicRef":"other.json#a"})"},
      {"$recursiveRef", R"({"$schema":"https://json-schema.org/draft/2019-09/schema",
          "$recursiveRef":"other.json"})"},
  };
  return all;
}

// "a, b/c to others" names a, b and c.
std::vector<std::string> keywords_of(std::string_view row) {
  std::vector<std::string> names(1);
  for (const char c : row.substr(0, row.find(" to "))) {
    if (c == ',' || c == '/') {
      names.emplace_back();
    } else if (c != ' ') {
      names.back() += c;
    }
  }
  return names;
}

TEST(KeywordSupport, WhatTheTableCallsExactIsHeldTo) {
  for (const KeywordSupport& row : keyword_support()) {
    if (row.standing != KeywordStanding::exact) continue;
    for (const std::string& keyword : keywords_of(row.keyword)) {
      SCOPED_TRACE(keyword);
      ASSERT_TRUE(witnesses().contains(keyword)) << "the table names it: it needs a witness";
      const Witness& witness = witnesses().at(keyword);
      EXPECT_NE(std::string(witness.schema).find("\"" + keyword + "\""), std::string::npos);
      const auto guide = guide_of(witness.schema, witness.options);
      EXPECT_TRUE(accepts(guide, witness.valid));
      EXPECT_FALSE(accepts(guide, witness.invalid));
    }
  }
}

TEST(KeywordSupport, WhatTheTableCallsRefusedIsRefusedByName) {
  for (const KeywordSupport& row : keyword_support()) {
    if (row.standing != KeywordStanding::refused) continue;
    for (const std::string& keyword : keywords_of(row.keyword)) {
      SCOPED_TRACE(keyword);
      ASSERT_TRUE(refused_schemas().contains(keyword)) << "the table names it: it needs a schema";
      try {
        guide_of(refused_schemas().at(keyword));
        ADD_FAILURE() << "accepted";
      } catch (const UnsupportedGuide& fault) {
        EXPECT_TRUE(std::string(fault.what()).starts_with("#/" + keyword)) << fault.what();
      }
    }
  }
}

TEST(KeywordSupport, EveryKeywordWithAWitnessIsInTheTable) {
  std::vector<std::string> named;
  for (const KeywordSupport& row : keyword_support()) {
    for (const std::string& keyword : keywords_of(row.keyword)) named.push_back(keyword);
  }
  for (const auto& [keyword, witness] : witnesses()) {
    EXPECT_NE(std::ranges::find(named, keyword), named.end()) << keyword;
  }
}

TEST(KeywordSupport, FormatsAreAssertedOrRefusedAsTheListsSay) {
  const auto schema = [](std::string_view format) {
    return R"({"type":"string","format":")" + std::string(format) + "\"}";
  };
  const std::map<std::string_view, const char*> valid = {
      {"date", "2024-02-29"},
      {"time", "23:59:60Z"},
      {"date-time", "1998-12-31T23:59:60.5Z"},
      {"duration", "P1Y2M3DT4H5M6S"},
      {"email", "joe.bloggs@example.com"},
      {"hostname", "www.example.com"},
      {"ipv4", "192.168.0.1"},
      {"ipv6", "::ffff:192.168.0.1"},
      {"uri", "http://a.b/c?d#e"},
      {"uri-reference", "../a#b"},
      {"iri", "http://ƒøø.ßår/?∂éœ"},
      {"iri-reference", "/âππ"},
      {"uri-template", "http://a.b/{c}{?d,e*}"},
      {"uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380"},
      {"json-pointer", "/a~1b/~0"},
      {"relative-json-pointer", "1/a"},
  };
  for (const std::string_view format : asserted_formats()) {
    ASSERT_TRUE(valid.contains(format)) << format << ": it needs a value";
    EXPECT_TRUE(accepts(schema(format), '"' + std::string(valid.at(format)) + '"')) << format;
    // No format that a draft names has this for a value.
    EXPECT_FALSE(accepts(schema(format), R"("( not a value\u0000 %")")) << format;
  }
  for (const std::string_view format : unsupported_formats()) {
    EXPECT_THROW(guide_of(schema(format)), UnsupportedGuide) << format;
    EXPECT_TRUE(accepts(guide_of(schema(format), {.format = FormatPolicy::annotate}), "\"x\""));
  }
}

}  // namespace
}  // namespace espalier::guide
