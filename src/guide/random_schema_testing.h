// Schemas drawn at random: small, with every kind of keyword, often at odds with itself.
#pragma once

#include <cstddef>
#include <string>

namespace espalier::guide::testing {

// `draw(n)` gives a number below n. Nothing nests deeper than `depth`; "#/$defs/t" may be referred
// to.
template <class Draw>
class SchemaDrawing {
 public:
  explicit SchemaDrawing(Draw draw) : draw_(draw) {}

  // A whole document.
  std::string document() {
    return R"({"$defs":{"t":)" + schema(1) + R"(},"allOf":[)" + schema(3) + "]}";
  }

  std::string schema(int depth) {
    switch (draw_(depth > 0 ? 10 : 5)) {
      case 0:
        return pick({"true", R"({"type":"string"})", R"({"type":["integer","null"]})", "{}"});
      case 1:
        return pick({R"({"enum":["a","ab",1,null,[],{"a":1}]})", R"({"const":{"a":[1,"b"]}})",
                     R"({"enum":[true,false,"ab"]})"});
      case 2:
        return string();
      case 3:
        return number();
      case 4:
        return pick({R"({"not":{"enum":["a",1]}})", R"({"not":{"type":"object"}})", "true"});
      case 5:
        return array(depth - 1);
      case 6:
      case 7:
        return object(depth - 1);
      case 8:
        return "{\"" + pick({"anyOf", "allOf", "oneOf"}) + "\":[" + schema(depth - 1) + "," +
               schema(depth - 1) + "]}";
      default:
        return pick({R"({"$ref":"#/$defs/t"})", R"({"type":"array","items":{"$ref":"#"}})"});
    }
  }

 private:
  std::string string() {
    return R"({"type":"string")" +
           pick({"", R"(,"minLength":2)", R"(,"maxLength":3)", R"(,"minLength":1,"maxLength":2)"}) +
           pick({"", R"(,"pattern":"^a*b?$")", R"(,"pattern":"[0-9]{2}")", R"(,"format":"date")",
                 R"(,"not":{"const":"ab"})"}) +
           "}";
  }

  std::string number() {
    return "{" +
           pick({R"("type":"integer")", R"("type":"number")", R"("type":["number","boolean"])"}) +
           pick({"", R"(,"minimum":-3)", R"(,"exclusiveMaximum":12.5)",
                 R"(,"minimum":7,"maximum":9)"}) +
           pick({"", "", R"(,"multipleOf":0.5)", R"(,"multipleOf":3)"}) + "}";
  }

  std::string array(int depth) {
    return R"({"type":"array")" + pick({"", R"(,"minItems":1)", R"(,"maxItems":2)"}) +
           (draw_(2) == 0 ? R"(,"items":)" + schema(depth) : "") +
           (draw_(4) == 0 ? R"(,"prefixItems":[)" + schema(depth) + "]" : "") +
           (draw_(4) == 0 ? R"(,"contains":)" + schema(depth) : "") +
           pick({"", "", R"(,"uniqueItems":true)"}) + "}";
  }

  std::string object(int depth) {
    return R"({"type":"object","properties":{"a":)" + schema(depth) + R"(,"ab":)" + schema(depth) +
           "}" + pick({"", R"(,"required":["a"])", R"(,"required":["ab","name"])"}) +
           pick({"", R"(,"additionalProperties":false)",
                 R"(,"additionalProperties":{"type":"null"})"}) +
           pick({"", R"(,"minProperties":2)", R"(,"maxProperties":2)"}) +
           pick({"", "", R"(,"patternProperties":{"^[ab]$":{"type":"integer"}})",
                 R"(,"propertyNames":{"maxLength":2})", R"(,"dependentRequired":{"a":["b"]})"}) +
           "}";
  }

  template <std::size_t N>
  std::string pick(const char* const (&choices)[N]) {
    return choices[draw_(N)];
  }

  Draw draw_;
};

}  // namespace espalier::guide::testing
