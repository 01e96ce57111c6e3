#include "guide/guide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "espalier/error.h"
#include "guide/guide_testing.h"

namespace espalier::guide {
namespace {

using testing::accepts;
using ::testing::AllOf;
using testing::guide_of;
using ::testing::HasSubstr;
using testing::refusal;
using ::testing::StartsWith;

TEST(Guide, TypesAreWhatTheySay) {
  EXPECT_TRUE(accepts(R"({"type":"integer"})", "1.0"));
  EXPECT_FALSE(accepts(R"({"type":"integer"})", "1.5"));
  EXPECT_TRUE(accepts(R"({"type":"number"})", "-1.5e+10"));
  EXPECT_FALSE(accepts(R"({"type":"number"})", "01"));
  EXPECT_TRUE(accepts(R"({"type":["null","string"]})", "null"));
  EXPECT_FALSE(accepts(R"({"type":["null","string"]})", "true"));
  EXPECT_THROW(guide_of("false"), InvalidSchema);
}

TEST(Guide, ConstantsAreEqualByValue) {
  EXPECT_TRUE(accepts(R"({"const":{"a":[1,"x"],"b":null}})", R"({"b":null,"a":[1.0,"x"]})"));
  EXPECT_FALSE(accepts(R"({"const":{"a":[1,"x"],"b":null}})", R"({"a":[1,"x"]})"));
  EXPECT_TRUE(accepts(R"({"enum":[0,"0",[]]})", "-0.0"));
  EXPECT_FALSE(accepts(R"({"enum":[0,"0",[]]})", "false"));
}

TEST(Guide, PropertiesComeInTheirDeclaredOrderWhereThatIsAskedFor) {
  constexpr SchemaOptions declared{.key_order = KeyOrder::declared};
  const std::string schema = R"("properties":{"b":{},"a":{"properties":{"y":{},"x":{}}},"c":{}},
                                "required":["a"])";
  const auto guide = guide_of("{" + schema + "}", declared);
  EXPECT_TRUE(accepts(guide, R"({"b":1,"a":{"y":1,"x":1},"c":1,"z":1,"d":1})"));
  EXPECT_TRUE(accepts(guide, R"({"a":{"x":1},"d":1})"));
  EXPECT_FALSE(accepts(guide, R"({"a":1,"b":1})"));
  EXPECT_FALSE(accepts(guide, R"({"a":{"x":1,"y":1}})"));
  EXPECT_FALSE(accepts(guide, R"({"b":1,"c":1,"a":1})")) << "a can no longer come";
  EXPECT_FALSE(accepts(guide, R"({"d":1,"a":1})"));
  EXPECT_FALSE(accepts(guide, R"({"b":1})"));
  const auto listed = guide_of(R"({"x-order":["c","a"],)" + schema + "}", declared);
  EXPECT_TRUE(accepts(listed, R"({"c":1,"a":1,"b":1})"));
  EXPECT_FALSE(accepts(listed, R"({"b":1,"a":1})"));
  EXPECT_TRUE(accepts(guide_of("{" + schema + "}"), R"({"d":1,"a":1,"b":1})"));
  // Of two schemas, the first one's order, then the second's.
  const auto both = guide_of(
      R"({"allOf":[{"properties":{"b":{},"a":{}}},{"properties":{"c":{},"b":{}}}]})", declared);
  EXPECT_TRUE(accepts(both, R"({"b":1,"a":1,"c":1})"));
  EXPECT_FALSE(accepts(both, R"({"c":1,"b":1})"));
  // What is listed twice stands where it stood first, and what is listed need not be declared.
  const auto twice = guide_of(R"({"x-order":["z","c","z"],)" + schema + "}", declared);
  EXPECT_TRUE(accepts(twice, R"({"z":1,"c":1,"a":1})"));
  EXPECT_FALSE(accepts(twice, R"({"c":1,"z":1,"a":1})"));
  // Without an order asked for, x-order says nothing, whatever it holds.
  EXPECT_TRUE(accepts(guide_of(R"({"x-order":["c","a"],)" + schema + "}"), R"({"a":1,"c":1})"));
  EXPECT_TRUE(accepts(guide_of(R"({"x-order":1})"), "{}"));
}

TEST(Guide, WhatAnOrderOfKeysCannotHoldIsRefusedByName) {
  const auto refusal_in_order = [](const std::string& schema) {
    return testing::refusal_of([&] { guide_of(schema, {.key_order = KeyOrder::declared}); });
  };
  EXPECT_THAT(refusal_in_order(
                  R"({"items":{"properties":{"a":{},"b":{}},"dependentRequired":{"b":["a"]}}})"),
              AllOf(StartsWith("#/items: "), HasSubstr("dependentRequired"), HasSubstr("order")));
  EXPECT_THAT(refusal_in_order(R"({"properties":{"a":{},"b":{}},"minProperties":1,
                          "additionalProperties":false})"),
              AllOf(StartsWith("#: "), HasSubstr("minProperties"), HasSubstr("order")));
  EXPECT_EQ(refusal_in_order(R"({"properties":{"a":{}},"minProperties":1})"), "")
      << "others may come";
  EXPECT_THAT(refusal_in_order(R"({"x-order":1})"), StartsWith("#/x-order"));
  EXPECT_THAT(refusal_in_order(R"({"properties":{"o":{"x-order":["a",1]}}})"),
              StartsWith("#/properties/o/x-order"));
}

TEST(Guide, PropertiesComeInAnyOrder) {
  const auto guide = guide_of(R"({"type":"object","properties":{"a":{"type":"integer"},
      "b":{"type":"string"}},"required":["a","b"],"additionalProperties":{"type":"boolean"}})");
  EXPECT_TRUE(accepts(guide, R"({"b":"","a":1})"));
  EXPECT_TRUE(accepts(guide, R"({"c":true,"a":1,"b":"x","bb":false})"));
  EXPECT_FALSE(accepts(guide, R"({"a":1})"));
  EXPECT_FALSE(accepts(guide, R"({"a":1,"b":"x","c":1})"));
}

TEST(Guide, PatternsOfKeysOverlap) {
  const auto guide = guide_of(R"({"type":"object","properties":{"ab":{"minimum":5}},
      "patternProperties":{"^a":{"type":"integer"},"b$":{"maximum":9}},
      "additionalProperties":false})");
  EXPECT_TRUE(accepts(guide, R"({"ab":7,"axb":-1,"a":100,"xb":0.5})"));
  EXPECT_FALSE(accepts(guide, R"({"ab":4})"));
  EXPECT_FALSE(accepts(guide, R"({"axb":0.5})"));
  EXPECT_FALSE(accepts(guide, R"({"c":1})"));
}

TEST(Guide, SizesOfObjectsLeaveRoomForWhatMustCome) {
  const auto guide = guide_of(R"({"type":"object","required":["z"],"minProperties":2,
      "maxProperties":2})");
  EXPECT_TRUE(accepts(guide, R"({"a":1,"z":2})"));
  EXPECT_FALSE(accepts(guide, R"({"z":2})"));
  EXPECT_FALSE(accepts(guide, R"({"a":1,"b":2,"z":3})"));
}

TEST(Guide, KeysThatNeedOthers) {
  const auto guide = guide_of(R"({"type":"object","dependentRequired":{"a":["b"],"b":["c"]}})");
  EXPECT_TRUE(accepts(guide, R"({"c":1})"));
  EXPECT_TRUE(accepts(guide, R"({"a":1,"c":1,"b":1})"));
  EXPECT_FALSE(accepts(guide, R"({"a":1,"b":1})"));
  const auto closed = guide_of(R"({"type":"object","properties":{"a":{},"c":{}},
      "additionalProperties":false,"dependentRequired":{"a":["b"]}})");
  EXPECT_FALSE(accepts(closed, R"({"a":1})"));
  EXPECT_TRUE(accepts(closed, R"({"c":1})"));
}

// Branches that only a key's value tells apart, and that do not ask for the key: each without all
// the others has more alternatives than can be listed, most of them within one.
TEST(Guide, AlternativesWithinOthersCostNothing) {
  std::string schema = R"({"type":"array","items":{"type":"object","required":["kind"],"oneOf":[)";
  for (int i = 0; i < 9; ++i) {
    const std::string number = std::to_string(i);
    schema += (i == 0 ? "" : ",") + (R"({"required":["v)" + number) +
              R"("],"properties":{"kind":{"enum":["k)" + number + R"("]},"v)" + number +
              R"(":{"type":"string"},"w)" + number + R"(":{"type":"integer"}}})";
  }
  const auto guide = guide_of(schema + "]}}");
  std::string items;
  for (int i = 0; i < 9; ++i) {
    const std::string number = std::to_string(i);
    items +=
        (i == 0 ? "" : ",") + (R"({"v)" + number) + R"(":"a","x":[],"kind":"k)" + number + "\"}";
  }
  EXPECT_TRUE(accepts(guide, "[" + items + "," + items + "]"));
  EXPECT_TRUE(accepts(guide, R"([{"kind":"k1","v1":"a","v2":5}])"));
  EXPECT_FALSE(accepts(guide, R"([{"kind":"k1","v2":"a"}])"));
  EXPECT_FALSE(accepts(guide, R"([{"kind":"k1","v1":5}])"));
  EXPECT_FALSE(accepts(guide, R"([{"kind":"k9","v1":"a"}])"));
}

TEST(Guide, OneOfIsExact) {
  const auto numbers = guide_of(R"({"oneOf":[{"type":"integer"},{"minimum":2}]})");
  EXPECT_TRUE(accepts(numbers, "1"));
  EXPECT_TRUE(accepts(numbers, "2.5"));
  EXPECT_FALSE(accepts(numbers, "3"));
  EXPECT_FALSE(accepts(numbers, "1.5"));
  const auto keys =
      guide_of(R"({"type":"object","oneOf":[{"required":["a"]},{"required":["b"]}]})");
  EXPECT_TRUE(accepts(keys, R"({"a":1,"c":2})"));
  EXPECT_FALSE(accepts(keys, R"({"a":1,"b":2})"));
  EXPECT_FALSE(accepts(keys, "{}"));
  const auto closed = guide_of(R"({"oneOf":[
      {"type":"object","properties":{"a":{},"b":{}},"additionalProperties":false},
      {"type":"object","properties":{"a":{},"c":{}},"additionalProperties":false}]})");
  EXPECT_TRUE(accepts(closed, R"({"a":1,"b":2})"));
  EXPECT_FALSE(accepts(closed, R"({"a":1})"));
  EXPECT_FALSE(accepts(closed, "{}"));
}

TEST(Guide, NegationIsExact) {
  EXPECT_TRUE(accepts(R"({"not":{"type":"object","required":["a"]}})", R"({"b":1})"));
  EXPECT_FALSE(accepts(R"({"not":{"type":"object","required":["a"]}})", R"({"a":1})"));
  EXPECT_TRUE(accepts(R"({"type":"string","not":{"enum":["no"]}})", R"("yes")"));
  EXPECT_FALSE(accepts(R"({"type":"string","not":{"enum":["no"]}})", R"("n\u006f")"));
  EXPECT_TRUE(accepts(R"({"not":{"items":{"type":"integer"},"maxItems":2}})", R"([1,"a"])"));
}

TEST(Guide, Conditions) {
  const auto guide = guide_of(R"({"type":"object","properties":{"kind":{"enum":["a","b"]}},
      "required":["kind"],"if":{"properties":{"kind":{"const":"a"}}},
      "then":{"required":["size"]},"else":{"properties":{"size":false}}})");
  EXPECT_TRUE(accepts(guide, R"({"kind":"a","size":1})"));
  EXPECT_TRUE(accepts(guide, R"({"size":1,"kind":"a"})"));
  EXPECT_FALSE(accepts(guide, R"({"kind":"a"})"));
  EXPECT_TRUE(accepts(guide, R"({"kind":"b"})"));
  EXPECT_FALSE(accepts(guide, R"({"size":1,"kind":"b"})"));
}

TEST(Guide, RecursionEndsAndDeadBranchesAreNotBegun) {
  const auto tree = guide_of(R"({"$ref":"#/$defs/tree","$defs":{"tree":{"type":"object",
      "properties":{"left":{"$ref":"#/$defs/tree"}},"additionalProperties":false}}})");
  EXPECT_TRUE(accepts(tree, R"({"left":{"left":{}}})"));
  const auto endless = guide_of(R"({"type":"object","properties":{"a":{"$ref":"#/$defs/e"},"b":{}},
      "$defs":{"e":{"type":"object","required":["e"],"properties":{"e":{"$ref":"#/$defs/e"}}}}})");
  EXPECT_TRUE(accepts(endless, R"({"b":1})"));
  Matcher matcher(endless, testing::byte_trie());
  for (const char byte : std::string("{\"")) ASSERT_TRUE(matcher.accept(byte));
  for (const char byte : std::string("a")) ASSERT_TRUE(matcher.accept(byte));
  EXPECT_FALSE(matcher.accept('"'));  // no value would fit
  EXPECT_THROW(guide_of(R"({"$ref":"#"})"), UnsupportedGuide);
  EXPECT_THROW(guide_of(R"({"type":"array","minItems":1,"items":{"$ref":"#"}})"), InvalidSchema);
}

TEST(Guide, KeysOfAFiniteKindRunOut) {
  const auto guide = guide_of(R"({"type":"object","patternProperties":{"^[ab]$":{}},
      "additionalProperties":false})");
  EXPECT_TRUE(accepts(guide, R"({"a":1,"b":2})"));
  EXPECT_FALSE(accepts(guide, R"({"a":1,"b":2,)"));
}

TEST(Guide, ContainedItemsAreCounted) {
  const auto guide = guide_of(R"({"type":"array","contains":{"type":"string"},"minContains":2,
      "maxContains":3,"maxItems":5})");
  EXPECT_TRUE(accepts(guide, R"(["a",1,"b"])"));
  EXPECT_FALSE(accepts(guide, R"(["a",1])"));
  EXPECT_FALSE(accepts(guide, R"(["a","b","c","d"])"));
  EXPECT_FALSE(accepts(guide, R"([1,2,3,4,"a"])"));
  EXPECT_TRUE(accepts(R"({"not":{"items":{"type":"integer"}}})", R"([1,2,"a"])"));
  EXPECT_FALSE(accepts(R"({"type":"array","not":{"items":{"type":"integer"}}})", "[1,2]"));
}

TEST(Guide, UniqueItemsDifferByValue) {
  const auto guide = guide_of(R"({"type":"array","uniqueItems":true,
      "items":{"enum":["a","ab",1,true]}})");
  EXPECT_TRUE(accepts(guide, R"(["ab",true,"a",1])"));
  EXPECT_FALSE(accepts(guide, R"(["a",1,"\u0061"])"));
  EXPECT_FALSE(accepts(guide, R"(["a","ab",1,true,)"));
  EXPECT_THROW(guide_of(R"({"type":"array","uniqueItems":true,"minItems":3,
      "items":{"type":"boolean"}})"),
               InvalidSchema);
}

TEST(Guide, TheOppositeOfARuleForOtherKeys) {
  const auto guide = guide_of(R"({"type":"object","not":{"additionalProperties":
      {"type":"integer"}}})");
  EXPECT_TRUE(accepts(guide, R"({"a":1,"b":"x"})"));
  EXPECT_FALSE(accepts(guide, R"({"a":1})"));
  EXPECT_FALSE(accepts(guide, "{}"));
}

TEST(Guide, WhatNoKeywordSpokeOf) {
  const auto guide =
      guide_of(R"({"properties":{"a":{}},"anyOf":[{"properties":{"b":{"type":"null"}},
      "required":["b"]},{"properties":{"c":{}},"required":["c"]}],"unevaluatedProperties":false})");
  EXPECT_TRUE(accepts(guide, R"({"a":1,"b":null})"));
  EXPECT_TRUE(accepts(guide, R"({"b":null,"c":1})"));
  EXPECT_FALSE(accepts(guide, R"({"b":1,"c":1})"));
  EXPECT_FALSE(accepts(guide, R"({"b":null,"d":1})"));
}

TEST(Guide, DraftsDiffer) {
  const std::string draft4 = R"("$schema":"http://json-schema.org/draft-04/schema#")";
  EXPECT_FALSE(accepts("{" + draft4 + R"(,"minimum":1,"exclusiveMinimum":true})", "1"));
  EXPECT_TRUE(accepts("{" + draft4 + R"(,"const":1})", "2"));
  EXPECT_TRUE(accepts("{" + draft4 +
                          R"(,"definitions":{"a":{"type":"string"}},"properties":{"x":
                          {"$ref":"#/definitions/a","maxLength":1}}})",
                      R"({"x":"long"})"));
  EXPECT_FALSE(accepts(R"({"definitions":{"a":{"type":"string"}},"properties":{"x":
                          {"$ref":"#/definitions/a","maxLength":1}}})",
                       R"({"x":"long"})"));
  EXPECT_TRUE(accepts(R"({"items":[{"type":"null"}],"additionalItems":false})", "[null]"));
  EXPECT_FALSE(accepts(R"({"items":[{"type":"null"}],"additionalItems":false})", "[null,1]"));
}

TEST(Guide, FormatsAreAssertedOrRefused) {
  EXPECT_TRUE(accepts(R"({"format":"date"})", R"("2024-02-29")"));
  EXPECT_FALSE(accepts(R"({"format":"date"})", R"("2023-02-29")"));
  EXPECT_TRUE(accepts(R"({"format":"ipv6"})", R"("1:2::192.0.2.1")"));
  EXPECT_FALSE(accepts(R"({"format":"ipv6"})", R"("1:2:3:4:5:6:7:8:9")"));
  EXPECT_TRUE(accepts(R"({"format":"uri"})", R"("http://user@[::1]:80/a?b#c")"));
  EXPECT_FALSE(accepts(R"({"format":"uri"})", R"("/relative")"));
  EXPECT_TRUE(accepts(R"({"format":"color"})", R"("anything")"));
  EXPECT_FALSE(accepts(R"({"format":"uri"})", R"("http://ƒøø.ßår/")"));
  EXPECT_TRUE(accepts(R"({"format":"iri"})", R"("http://ƒøø.ßår/?q=\udb80\udc00#π")"));
  EXPECT_FALSE(accepts(R"({"format":"iri"})", R"("http://a/\udb80\udc00")"));  // in queries only
  EXPECT_TRUE(accepts(R"({"format":"iri-reference"})", R"("/âππ")"));
  EXPECT_TRUE(accepts(R"({"format":"uri-template"})", R"("a/{term:1}{?x,y*}%41'ü")"));
  EXPECT_FALSE(accepts(R"({"format":"uri-template"})", R"("a/{term")"));
  EXPECT_FALSE(accepts(R"({"format":"uri-template"})", R"("{v:01}")"));
  EXPECT_EQ(refusal(R"({"properties":{"a":{"format":"regex"}}})"),
            "#/properties/a/format: the format 'regex' is not supported");
}

TEST(Guide, WhatAFormatLeavesUndecidedIsInNeitherItNorItsOpposite) {
  for (const char* text : {R"("01:29:60+01:30")", R"("xn--nxasmq6b")"}) {
    for (const char* format : {"time", "hostname"}) {
      const std::string schema = std::string(R"({"format":")") + format + "\"}";
      const bool undecided = (std::string(format) == "time") == (text[1] == '0');
      EXPECT_FALSE(accepts(schema, text)) << schema;
      EXPECT_EQ(accepts("{\"not\":" + schema + ",\"type\":\"string\"}", text), !undecided);
    }
  }
  EXPECT_FALSE(
      accepts(R"({"oneOf":[{"type":"string"},{"format":"time"}]})", R"("01:29:60+01:30")"));
}

TEST(Guide, ADynamicReferenceMeansTheOutermostAnchorOfItsName) {
  // A list whose items the user of it chooses.
  const std::string list = R"("$defs":{"list":{"$id":"list","type":"array",
      "items":{"$dynamicRef":"#item"},"$defs":{"any":{"$dynamicAnchor":"item"}}}})";
  const auto of_texts = guide_of(R"({"$id":"https://a.example/texts","$ref":"list","$defs":{
      "item":{"$dynamicAnchor":"item","type":"string"},)" +
                                 list.substr(9) + "}");
  EXPECT_TRUE(accepts(of_texts, R"(["a"])"));
  EXPECT_FALSE(accepts(of_texts, "[1]"));
  const auto of_any = guide_of(R"({"$id":"https://a.example/any","$ref":"list",)" + list + "}");
  EXPECT_TRUE(accepts(of_any, R"([1,"a"])"));
  // The same list, once with each.
  const auto both = guide_of(R"({"$id":"https://a.example/both","properties":{
      "texts":{"$id":"texts","$ref":"list","$defs":{"item":{"$dynamicAnchor":"item","type":"string"}}},
      "numbers":{"$id":"numbers","$ref":"list","$defs":{"item":{"$dynamicAnchor":"item","type":"number"}}}
      },)" + list + "}");
  EXPECT_TRUE(accepts(both, R"({"texts":["a"],"numbers":[1]})"));
  EXPECT_FALSE(accepts(both, R"({"texts":[1]})"));
  EXPECT_FALSE(accepts(both, R"({"numbers":["a"]})"));
}

TEST(Guide, ARecursiveReferenceMeansTheOutermostRecursiveAnchor) {
  const auto guide = [](const std::string& anchor) {
    return guide_of(R"({"$schema":"https://json-schema.org/draft/2019-09/schema",
        "$id":"https://a.example/strict","$recursiveAnchor":)" +
                    anchor + R"(,
        "$ref":"tree","unevaluatedProperties":false,"$defs":{"tree":{"$id":"tree",
        "$recursiveAnchor":true,"type":"object","properties":{"value":true,
        "children":{"type":"array","items":{"$recursiveRef":"#"}}}}}})");
  };
  EXPECT_TRUE(accepts(guide("true"), R"({"children":[{"value":1}]})"));
  EXPECT_FALSE(accepts(guide("true"), R"({"children":[{"valu":1}]})"));
  EXPECT_TRUE(accepts(guide("false"), R"({"children":[{"valu":1}]})"));
}

TEST(Guide, RefusalsNameKeywordAndPlace) {
  EXPECT_TRUE(refusal(R"({"properties":{"a/b":{"pattern":"(a)\\1"}}})")
                  .starts_with("#/properties/a~1b/pattern: "));
  EXPECT_TRUE(refusal(R"({"items":{"pattern":"(a)\\1"}})").starts_with("#/items/pattern: "));
  EXPECT_TRUE(refusal(R"({"allOf":[{"$ref":"other.json"}]})").starts_with("#/allOf/0/$ref: "));
  EXPECT_TRUE(refusal(R"({"minLength":"3"})").starts_with("#/minLength: "));
  EXPECT_TRUE(refusal(R"({"type":"strin"})").starts_with("#/type: "));
  EXPECT_TRUE(refusal(R"({"properties":{"a":{"$dynamicRef":"#x"}}})")
                  .starts_with("#/properties/a/$dynamicRef: "));
}

TEST(Guide, PatternsThatWouldNotBeDoneGrowingAreRefusedAtOnce) {
  for (const char* pattern :
       {"a[^]{25}$", "a[^]{25}", "^[^]*a(?:b|a){30}$", "^.{0,99}a.(?:ba|aa){30}$"}) {
    const std::string quoted = "\"" + std::string(pattern) + "\"";
    EXPECT_TRUE(refusal(R"({"items":{"pattern":)" + quoted + "}}").starts_with("#/items/pattern: "))
        << pattern;
    EXPECT_TRUE(refusal(R"({"patternProperties":{)" + quoted + ":{}}}")
                    .starts_with("#/patternProperties: "))
        << pattern;
  }
  for (const char* pattern :
       {"^.{1,256}$", "^.{1,64}@.{1,255}$", "[A-Za-z0-9]{24}", "^[^.]{1,32}([.][^.]{1,32}){1,3}$",
        "^(?:[0-9A-F]{2}-)*[0-9A-F]{40}$", "https?://.+[.]example[.]com/.*"}) {
    EXPECT_EQ(refusal(R"({"pattern":")" + std::string(pattern) + "\"}"), "") << pattern;
  }
}

TEST(Guide, CountsThatMayBeginAnywhereDoNotFillAGuide) {
  const auto trie = testing::byte_trie({"a@", "@@", "ab", "@b@", "aaaa", "@a@b@a@b", "-a", "a-"});
  for (const char* pattern :
       {"^.{1,64}@.{1,255}$", "^[a-z]{1,30}-[a-z0-9-]{1,30}$", "^.{1,64}@.{1,64}-.{2,9}$"}) {
    const auto document =
        base::JsonDocument::parse("schema", R"({"pattern":")" + std::string(pattern) + "\"}");
    const auto guide = Guide::of_schema(document.root(), {}, {.terms = std::size_t{1} << 15});
    TokenMask mask(trie->vocabulary_size());
    std::mt19937 random(1);
    for (int answer = 0; answer < 50; ++answer) {
      Matcher matcher(guide, trie);
      ASSERT_TRUE(matcher.accept('"'));
      for (int step = 0; step < 100 && !matcher.is_finished(); ++step) {
        ASSERT_NO_THROW(matcher.mask(mask)) << pattern;
        std::vector<TokenId> allowed;
        for (TokenId word = testing::end_token; static_cast<std::size_t>(word) < mask.size();
             ++word) {
          if (mask.allows(word)) allowed.push_back(word);
        }
        if (allowed.empty()) break;
        ASSERT_TRUE(matcher.accept(allowed[random() % allowed.size()]));
      }
    }
  }
}

TEST(Guide, WhatMayNotGrowAnyMoreSaysSoAndStaysAsItIs) {
  const auto document =
      base::JsonDocument::parse("schema", R"({"type":"string","pattern":"^[a-z]{1,500}$"})");
  const auto guide = Guide::of_schema(document.root(), {}, {.terms = 256});
  EXPECT_FALSE(guide->is_worn());
  Matcher matcher(guide, testing::byte_trie());
  ASSERT_TRUE(matcher.accept('"'));
  const auto write = [&] {
    while (matcher.accept('a')) EXPECT_LT(matcher.accepted(), 500U);
  };
  EXPECT_THROW(write(), UnsupportedGuide);
  EXPECT_TRUE(guide->is_worn());
  const std::size_t accepted = matcher.accepted();
  EXPECT_THROW(matcher.accept('a'), UnsupportedGuide);
  EXPECT_EQ(matcher.accepted(), accepted);
  matcher.rollback(accepted - 20);
  TokenMask mask(257);
  matcher.mask(mask);
  EXPECT_TRUE(mask.allows('a') && mask.allows('"')) << "what is known is known";
}

TEST(Guide, HostileSchemasAreBounded) {
  std::string any_of = R"({"allOf":[)";
  for (int i = 0; i < 14; ++i) {
    const std::string name = "\"k" + std::to_string(i) + "\"";
    any_of += std::string(i == 0 ? "" : ",") + R"({"anyOf":[{"required":[)" + name +
              R"(]},{"properties":{)" + name + R"(:{"type":"null"}}}]})";
  }
  EXPECT_THROW(guide_of(any_of + "]}"), UnsupportedGuide);
  EXPECT_TRUE(accepts(R"({"type":"string","pattern":"^(a|a)*$"})", R"("aaaa")"));
  EXPECT_TRUE(accepts(R"({"type":"array","minItems":0,"maxItems":1000000000000})", "[]"));
  EXPECT_THROW(guide_of(R"({"minLength":1000000000})"), UnsupportedGuide);
}

}  // namespace
}  // namespace espalier::guide
