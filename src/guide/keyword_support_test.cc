#include "guide/keyword_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "espalier/error.h"
#include "guide/format_terms.h"
#include "guide/guide_testing.h"
#include "guide/schema_source.h"

namespace espalier::guide {
namespace {

using testing::accepts;
using testing::guide_of;

using Drafts = unsigned;  // a bit for each

constexpr Drafts in(Draft draft) { return 1U << static_cast<unsigned>(draft); }
constexpr Drafts since(Draft draft) { return ~(in(draft)-1); }
constexpr Drafts until(Draft draft) { return 2 * in(draft)-1; }
constexpr Drafts every = ~0U;

struct Dialect {
  Draft draft;
  const char* schema;     // the value of $schema; null: none is declared
  const char* folder;     // of its meta-schemas in PyPI jsonschema_specifications
  const char* otherwise;  // keywords of its meta-schemas that it only reserves
  const char* keywords;   // of its specifications
};

const std::vector<Dialect>& dialects() {
  static const std::vector<Dialect> all = {
      {Draft::draft4, "http://json-schema.org/draft-04/schema#", "draft4", "",
       "$schema id $ref definitions title description default multipleOf maximum exclusiveMaximum "
       "minimum exclusiveMinimum maxLength minLength pattern items additionalItems maxItems "
       "minItems uniqueItems maxProperties minProperties required properties patternProperties "
       "additionalProperties dependencies enum type allOf anyOf oneOf not format"},
      {Draft::draft6, "http://json-schema.org/draft-06/schema#", "draft6", "",
       "$schema $id $ref definitions title description default examples multipleOf maximum "
       "exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern items "
       "additionalItems maxItems minItems uniqueItems contains maxProperties minProperties "
       "required properties patternProperties additionalProperties dependencies propertyNames "
       "enum const type allOf anyOf oneOf not format"},
      {Draft::draft7, "http://json-schema.org/draft-07/schema#", "draft7", "",
       "$schema $id $ref $comment definitions title description default examples readOnly "
       "writeOnly multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength "
       "pattern items additionalItems maxItems minItems uniqueItems contains maxProperties "
       "minProperties required properties patternProperties additionalProperties dependencies "
       "propertyNames enum const type allOf anyOf oneOf not if then else format contentEncoding "
       "contentMediaType"},
      {Draft::draft2019, "https://json-schema.org/draft/2019-09/schema", "draft201909",
       "definitions dependencies",
       "$schema $vocabulary $id $anchor $ref $recursiveRef $recursiveAnchor $defs $comment allOf "
       "anyOf oneOf not if then else dependentSchemas items additionalItems unevaluatedItems "
       "contains properties patternProperties additionalProperties unevaluatedProperties "
       "propertyNames type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum "
       "maxLength minLength pattern maxItems minItems uniqueItems maxContains minContains "
       "maxProperties minProperties required dependentRequired format contentEncoding "
       "contentMediaType contentSchema title description default deprecated readOnly writeOnly "
       "examples"},
      {Draft::draft2020, "https://json-schema.org/draft/2020-12/schema", "draft202012",
       "definitions dependencies $recursiveRef $recursiveAnchor",
       "$schema $vocabulary $id $anchor $ref $dynamicRef $dynamicAnchor $defs $comment allOf anyOf "
       "oneOf not if then else dependentSchemas prefixItems items contains properties "
       "patternProperties additionalProperties propertyNames unevaluatedItems "
       "unevaluatedProperties type enum const multipleOf maximum exclusiveMaximum minimum "
       "exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems maxContains "
       "minContains maxProperties minProperties required dependentRequired format contentEncoding "
       "contentMediaType contentSchema title description default deprecated readOnly writeOnly "
       "examples"},
      {Draft::undeclared, nullptr, nullptr, "", "x-order"},
  };
  return all;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

std::string in_dialect(const Dialect& dialect, const std::string& schema) {
  if (dialect.schema == nullptr) return schema;
  return R"({"$schema":")" + std::string(dialect.schema) + "\"," + schema.substr(1);
}

// What shows that a keyword is held to: one value that it lets through and one that it does not. Of
// one that says nothing, what a rule of that name would not let through, and what its neighbours
// do not.
struct Witness {
  Drafts drafts;
  const char* schema;
  const char* valid;
  const char* invalid;
  SchemaOptions options = {};
};

const std::multimap<std::string, Witness>& witnesses() {
  constexpr Drafts with_lists = until(Draft::draft2019) | in(Draft::undeclared);  // in items
  constexpr Drafts with_prefix = since(Draft::draft2020);
  constexpr Drafts with_dependencies = until(Draft::draft7) | in(Draft::undeclared);
  constexpr Drafts with_recursion = in(Draft::draft2019) | in(Draft::undeclared);
  static const std::multimap<std::string, Witness> all = {
      {"$schema", {in(Draft::draft4), R"({"minimum":1,"exclusiveMinimum":true})", "2", "1"}},
      {"$schema", {since(Draft::draft6), R"({"const":1})", "1", "2"}},
      {"$vocabulary",
       {every, R"({"$vocabulary":{"https://a.example/numbers":true},"type":"string"})", "\"a\"",
        "1"}},
      {"$ref",
       {every, R"({"allOf":[{"$ref":"#/definitions/x"}],"definitions":{"x":{"type":"null"}}})",
        "null", "1"}},
      {"$defs", {every, R"({"$ref":"#/$defs/x","$defs":{"x":{"type":"null"}}})", "null", "1"}},
      {"definitions",
       {every, R"({"allOf":[{"$ref":"#/definitions/x"}],"definitions":{"x":{"type":"null"}}})",
        "null", "1"}},
      {"$id",
       {since(Draft::draft6),
        R"({"allOf":[{"$ref":"b.json"}],"definitions":{"x":{"$id":"b.json","type":"null"}}})",
        "null", "1"}},
      {"id",
       {in(Draft::draft4) | in(Draft::undeclared),
        R"({"allOf":[{"$ref":"b.json"}],"definitions":{"x":{"id":"b.json","type":"null"}}})",
        "null", "1"}},
      {"$anchor",
       {since(Draft::draft2019), R"({"$ref":"#y","$defs":{"x":{"$anchor":"y","type":"null"}}})",
        "null", "1"}},
      {"$dynamicRef",
       {since(Draft::draft2020),
        R"({"$dynamicRef":"#y","$defs":{"x":{"$dynamicAnchor":"y","type":"null"}}})", "null", "1"}},
      {"$dynamicAnchor",
       {since(Draft::draft2020),
        R"({"$id":"https://a.example/texts","$ref":"list","$defs":{
           "item":{"$dynamicAnchor":"item","type":"string"},"list":{"$id":"list","type":"array",
           "items":{"$dynamicRef":"#item"},"$defs":{"any":{"$dynamicAnchor":"item"}}}}})",
        R"(["a"])", "[1]"}},
      {"$recursiveRef",
       {with_recursion, R"({"type":"array","items":{"$recursiveRef":"#"}})", "[[]]", "[1]"}},
      {"$recursiveAnchor",
       {with_recursion,
        R"({"$id":"https://a.example/strict","$recursiveAnchor":true,"$ref":"tree",
           "unevaluatedProperties":false,"$defs":{"tree":{"$id":"tree","$recursiveAnchor":true,
           "type":"object","properties":{"in":{"$recursiveRef":"#"}}}}})",
        R"({"in":{"in":{}}})", R"({"in":{"a":1}})"}},
      {"type", {in(Draft::draft4), R"({"type":"integer"})", "1", "1.0"}},
      {"type", {since(Draft::draft6), R"({"type":"integer"})", "1.0", "1.5"}},
      {"enum", {every, R"({"enum":["a",1]})", "1", "2"}},
      {"const", {since(Draft::draft6), R"({"const":{"a":1}})", R"({"a":1.0})", R"({"a":2})"}},
      {"allOf", {every, R"({"allOf":[{"minimum":1},{"maximum":2}]})", "2", "3"}},
      {"anyOf", {every, R"({"anyOf":[{"enum":[1]},{"enum":[2]}]})", "2", "3"}},
      {"oneOf", {every, R"({"oneOf":[{"minimum":1},{"maximum":2}]})", "3", "2"}},
      {"not", {every, R"({"not":{"enum":[1]}})", "2", "1"}},
      {"if", {since(Draft::draft7), R"({"if":{"const":1},"then":false})", "2", "1"}},
      {"then", {since(Draft::draft7), R"({"if":{"minimum":1},"then":{"maximum":2}})", "2", "3"}},
      {"else", {since(Draft::draft7), R"({"if":{"minimum":1},"else":{"maximum":-1}})", "1", "0"}},
      {"properties", {every, R"({"properties":{"a":{"enum":[1]}}})", R"({"a":1})", R"({"a":2})"}},
      {"required", {every, R"({"required":["a"]})", R"({"b":1,"a":1})", R"({"b":1})"}},
      {"x-order",
       {in(Draft::undeclared),
        R"({"x-order":["b","a"]})",
        R"({"b":1,"a":1})",
        R"({"a":1,"b":1})",
        {.key_order = KeyOrder::declared}}},
      {"additionalProperties",
       {every, R"({"properties":{"a":{}},"additionalProperties":false})", R"({"a":1})",
        R"({"b":1})"}},
      {"patternProperties",
       {every, R"({"patternProperties":{"^a":{"enum":[1]}}})", R"({"ab":1})", R"({"ab":2})"}},
      {"propertyNames",
       {since(Draft::draft6), R"({"propertyNames":{"maxLength":1}})", R"({"a":1})", R"({"ab":1})"}},
      {"minProperties", {every, R"({"minProperties":1})", R"({"a":1})", "{}"}},
      {"maxProperties", {every, R"({"maxProperties":1})", R"({"a":1})", R"({"a":1,"b":1})"}},
      {"dependentRequired",
       {since(Draft::draft2019), R"({"dependentRequired":{"a":["b"]}})", R"({"a":1,"b":1})",
        R"({"a":1})"}},
      {"dependentSchemas",
       {since(Draft::draft2019), R"({"dependentSchemas":{"a":{"maxProperties":1}}})", R"({"a":1})",
        R"({"a":1,"b":1})"}},
      {"dependencies",
       {with_dependencies, R"({"dependencies":{"a":["b"]}})", R"({"a":1,"b":1})", R"({"a":1})"}},
      {"dependencies",
       {with_dependencies, R"({"dependencies":{"a":{"maxProperties":1}}})", R"({"a":1})",
        R"({"a":1,"b":1})"}},
      {"items", {every, R"({"items":{"enum":[1]}})", "[1]", "[2]"}},
      {"items", {with_lists, R"({"items":[{"enum":[1]}]})", "[1,2]", "[2]"}},
      {"prefixItems", {with_prefix, R"({"prefixItems":[{"const":1}]})", "[1,2]", "[2]"}},
      {"additionalItems",
       {with_lists, R"({"items":[{}],"additionalItems":false})", "[1]", "[1,2]"}},
      {"minItems", {every, R"({"minItems":1})", "[1]", "[]"}},
      {"maxItems", {every, R"({"maxItems":1})", "[1]", "[1,1]"}},
      {"uniqueItems",
       {every, R"({"items":{"type":"string"},"uniqueItems":true})", R"(["a","b"])",
        R"(["a","a"])"}},
      {"contains", {since(Draft::draft6), R"({"contains":{"const":1}})", "[2,1]", "[2]"}},
      {"minContains",
       {since(Draft::draft2019), R"({"contains":{"const":1},"minContains":2})", "[1,1]", "[1]"}},
      {"maxContains",
       {since(Draft::draft2019), R"({"contains":{"const":1},"maxContains":1})", "[1]", "[1,1]"}},
      {"unevaluatedItems",
       {with_recursion, R"({"allOf":[{"items":[{}]}],"unevaluatedItems":false})", "[1]", "[1,2]"}},
      {"unevaluatedItems",
       {with_prefix, R"({"allOf":[{"prefixItems":[{}]}],"unevaluatedItems":false})", "[1]",
        "[1,2]"}},
      {"unevaluatedProperties",
       {since(Draft::draft2019),
        R"({"allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false})", R"({"a":1})",
        R"({"b":1})"}},
      {"minLength", {every, R"({"minLength":2})", R"("é🐲")", R"("🐲")"}},
      {"maxLength", {every, R"({"maxLength":1})", R"("🐲")", R"("ab")"}},
      {"pattern", {every, R"({"pattern":"^a$"})", R"("a")", R"("a\n")"}},
      {"minimum", {every, R"({"minimum":1})", "1", "0.9"}},
      {"maximum", {every, R"({"maximum":1})", "1", "1.1"}},
      {"exclusiveMinimum",
       {in(Draft::draft4) | in(Draft::undeclared), R"({"minimum":1,"exclusiveMinimum":true})",
        "1.1", "1"}},
      {"exclusiveMinimum", {since(Draft::draft6), R"({"exclusiveMinimum":1})", "1.1", "1"}},
      {"exclusiveMaximum",
       {in(Draft::draft4) | in(Draft::undeclared), R"({"maximum":1,"exclusiveMaximum":true})",
        "0.9", "1"}},
      {"exclusiveMaximum", {since(Draft::draft6), R"({"exclusiveMaximum":1})", "0.9", "1"}},
      {"multipleOf", {every, R"({"multipleOf":0.01})", "0.07", "0.075"}},
      {"format", {every, R"({"format":"ipv4"})", R"("192.168.0.1")", R"("192.168.0")"}},
      {"$comment", {every, R"({"$comment":"no integer","type":"integer"})", "1", "\"a\""}},
      {"title", {every, R"({"title":"no integer","type":"integer"})", "1", "\"no integer\""}},
      {"description",
       {every, R"({"description":"no integer","type":"integer"})", "1", "\"no integer\""}},
      {"default", {every, R"({"default":"a","type":"integer"})", "1", "\"a\""}},
      {"examples", {every, R"({"examples":["a"],"type":"integer"})", "1", "\"a\""}},
      {"deprecated", {every, R"({"deprecated":true,"type":"integer"})", "1", "\"a\""}},
      {"readOnly", {every, R"({"readOnly":true,"type":"integer"})", "1", "\"a\""}},
      {"writeOnly", {every, R"({"writeOnly":true,"type":"integer"})", "1", "\"a\""}},
      {"contentEncoding",
       {every, R"({"contentEncoding":"base64","type":"string"})", R"("?")", "1"}},
      {"contentMediaType",
       {every, R"({"contentMediaType":"application/json","type":"string"})", R"("{")", "{}"}},
      {"contentSchema",
       {every,
        R"({"contentMediaType":"application/json","contentSchema":{"type":"null"},"type":"string"})",
        R"("1")", "null"}},
  };
  return all;
}

// What each refused row means, by its keyword.
const std::map<std::string, std::pair<Drafts, const char*>>& refused_schemas() {
  static const std::map<std::string, std::pair<Drafts, const char*>> all = {
      {"$ref", {every, R"({"allOf":[{"$ref":"other.json"}]})"}},
      {"$dynamicRef", {since(Draft::draft2020), R"({"allOf":[{"$dynamicRef":"other.json#a"}]})"}},
      {"$recursiveRef", {in(Draft::draft2019), R"({"allOf":[{"$recursiveRef":"other.json"}]})"}},
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

// How the table says that a keyword stands, where it is not a part of it that is refused.
std::optional<KeywordStanding> standing_of(const std::string& keyword) {
  for (const KeywordSupport& row : keyword_support()) {
    if (row.standing == KeywordStanding::refused) continue;
    const std::vector<std::string> names = keywords_of(row.keyword);
    if (std::ranges::find(names, keyword) != names.end()) return row.standing;
  }
  return std::nullopt;
}

std::string renamed(std::string schema, const std::string& keyword) {
  const std::string quoted = "\"" + keyword + "\"";
  for (std::size_t at = 0; (at = schema.find(quoted, at)) != std::string::npos;) {
    schema.insert(at + 1, "x-");
    at += quoted.size();
  }
  return schema;
}

bool lets_through(const std::string& schema, const SchemaOptions& options, const char* value) {
  try {
    return accepts(guide_of(schema, options), value);
  } catch (const Error&) {
    return false;
  }
}

TEST(KeywordSupport, TheTableNamesEveryKeywordOfEveryDraft) {
  for (const Dialect& dialect : dialects()) {
    for (const std::string& keyword : words(dialect.keywords)) {
      EXPECT_TRUE(standing_of(keyword)) << keyword << " of " << dialect.folder;
    }
  }
}

TEST(KeywordSupport, TheTableNamesNothingElse) {
  std::set<std::string> known;
  for (const Dialect& dialect : dialects()) {
    for (const std::string& keyword : words(dialect.keywords)) known.insert(keyword);
  }
  for (const KeywordSupport& row : keyword_support()) {
    for (const std::string& keyword : keywords_of(row.keyword)) {
      EXPECT_TRUE(known.contains(keyword)) << keyword;
    }
  }
}

// What says nothing lets through what it would without it. What is held to does not: by another
// name, which says nothing, it lets through what it did not, or is not there for what refers to it.
TEST(KeywordSupport, EachKeywordOfEachDraftStandsAsTheTableSays) {
  for (const Dialect& dialect : dialects()) {
    for (const std::string& keyword : words(dialect.keywords)) {
      SCOPED_TRACE(keyword + " of " + (dialect.folder == nullptr ? "no draft" : dialect.folder));
      int found = 0;
      const auto [begin, end] = witnesses().equal_range(keyword);
      for (auto each = begin; each != end; ++each) {
        const Witness& witness = each->second;
        if ((witness.drafts & in(dialect.draft)) == 0) continue;
        ++found;
        const std::string schema = in_dialect(dialect, witness.schema);
        SCOPED_TRACE(schema);
        const auto guide = guide_of(schema, witness.options);
        EXPECT_TRUE(accepts(guide, witness.valid));
        EXPECT_FALSE(accepts(guide, witness.invalid));
        if (keyword == "$schema") continue;  // without it, all drafts hold together
        ASSERT_NE(renamed(schema, keyword), schema);
        const std::string without = renamed(schema, keyword);
        if (standing_of(keyword) == KeywordStanding::annotation) {
          EXPECT_TRUE(lets_through(without, witness.options, witness.valid));
          EXPECT_FALSE(lets_through(without, witness.options, witness.invalid));
        } else {
          EXPECT_TRUE(lets_through(without, witness.options, witness.invalid) ||
                      !lets_through(without, witness.options, witness.valid));
        }
      }
      EXPECT_GT(found, 0) << "it needs a witness";
    }
  }
}

// Without $schema the newest draft holds, and what older ones say where it says nothing.
TEST(KeywordSupport, WithoutADeclaredDraftEveryWitnessHoldsThatDoesNotClash) {
  for (const auto& [keyword, witness] : witnesses()) {
    if ((witness.drafts & in(Draft::undeclared)) == 0 || keyword == "$schema") continue;
    SCOPED_TRACE(witness.schema);
    const auto guide = guide_of(witness.schema, witness.options);
    EXPECT_TRUE(accepts(guide, witness.valid));
    EXPECT_FALSE(accepts(guide, witness.invalid));
  }
}

TEST(KeywordSupport, WhatTheTableCallsRefusedIsRefusedByNameAndPlace) {
  for (const KeywordSupport& row : keyword_support()) {
    if (row.standing != KeywordStanding::refused) continue;
    for (const std::string& keyword : keywords_of(row.keyword)) {
      ASSERT_TRUE(refused_schemas().contains(keyword)) << keyword << ": it needs a schema";
      const auto& [drafts, schema] = refused_schemas().at(keyword);
      for (const Dialect& dialect : dialects()) {
        if ((drafts & in(dialect.draft)) == 0) continue;
        SCOPED_TRACE(in_dialect(dialect, schema));
        EXPECT_THROW(guide_of(in_dialect(dialect, schema)), UnsupportedGuide);
        EXPECT_TRUE(testing::refusal(in_dialect(dialect, schema))
                        .starts_with("#/allOf/0/" + keyword + ": "));
      }
    }
  }
}

// The lists above against the meta-schemas, where the oracles' Python packages are installed.
TEST(KeywordSupport, TheMetaSchemasNameNoOtherKeywords) {
  namespace fs = std::filesystem;
  fs::path schemas;
  std::error_code absent;
  for (const auto& python : fs::directory_iterator(".venv/lib", absent)) {
    schemas = python.path() / "site-packages/jsonschema_specifications/schemas";
    if (fs::exists(schemas)) break;
  }
  if (!fs::exists(schemas)) GTEST_SKIP() << "no jsonschema_specifications: scripts/setup --test";
  for (const Dialect& dialect : dialects()) {
    if (dialect.folder == nullptr) continue;
    std::set<std::string> in_schemas;
    for (const auto& file : fs::recursive_directory_iterator(schemas / dialect.folder)) {
      if (!file.is_regular_file()) continue;
      std::ifstream in(file.path());
      const std::string text(std::istreambuf_iterator<char>(in), {});
      const auto document = base::JsonDocument::parse(file.path().string(), text);
      if (const auto properties = document.root().find("properties")) {
        for (const base::JsonMember& each : properties->members()) {
          in_schemas.insert(std::string(each.key));
        }
      }
    }
    for (const std::string& keyword : words(dialect.otherwise)) in_schemas.erase(keyword);
    // References are no properties of schemas in draft 4, and one keyword of draft 7 was forgotten.
    if (dialect.draft == Draft::draft4) in_schemas.insert("$ref");
    if (dialect.draft == Draft::draft7) in_schemas.insert("writeOnly");
    const std::vector<std::string> listed = words(dialect.keywords);
    EXPECT_EQ(in_schemas, std::set<std::string>(listed.begin(), listed.end())) << dialect.folder;
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
