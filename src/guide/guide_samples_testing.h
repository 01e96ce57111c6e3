// Schemas and a vocabulary for tests that walk at random.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "guide/matcher.h"

namespace espalier::guide::testing {

// Tokens that run past the ends of keys, strings and containers, split characters and escapes.
inline const std::vector<std::string> sample_words = {
    "{\"", "\":", "\",\"", "\"}", "}]", "],", "a\"", "ab", "name", "name\":", "true}", "null,",
    "12", ".5", "-1", "\\u00", "\\n", "\\\"", "é", "\xC3",
    "\xA9"
    "a",
    "🐲", " \"", "\n  ", ": {", "[[", "\"a\":", ", \"", "0]", "9}", "b\":\"", "e5", "\\ud83d",
    // behind a quote, enough to be known by a mask
    "\"a", "\"ab", "\"abc", "\"name", "\"name\"", "\"x\",", "\"x\":", "\"\",", "\"\\n", "{\"a",
    "{\"ab\":", "[\"a\",\"",
    // one key or item behind the other
    "\":1,\"a\":", "\":1,\"x", "\",\"a\"", "a\":[],\"a\"", "b\":{\"b\":", "x\":1,\"x\":",
    // many that end one text and begin the next
    "\",\"0", "\",\"1", "\",\"2", "\",\"3", "\",\"4", "\",\"5", "\",\"6", "\",\"7", "\",\"8\",\"",
    // ends behind escapes
    "\\u0061\"", "\\u0061\":1", "\\\\\"", "\\u0061b\",",
    // blanks in front
    " ", "  ", "\n", "\n \t", " }", " ,\"a\"", " 12", " ab", " [", "\r\n\""};

inline constexpr const char* sample_schemas[] = {
    "true",
    R"({"type":"object"})",
    R"({"type":"object","properties":{"a":{"type":"integer"},"ab":{"type":"string"}},"required":["ab"]})",
    R"({"type":"object","properties":{"a":{"const":1}},"additionalProperties":false,"minProperties":1})",
    R"({"type":"array","items":{"enum":["ab",12,null,true]},"minItems":1,"maxItems":3})",
    R"({"anyOf":[{"type":"object","properties":{"name":{"const":"a"}},"required":["name"]},
                 {"type":"object","properties":{"name":{"const":"b"}},"required":["name"]}]})",
    R"({"type":"string","pattern":"^[a-zé]{1,4}$"})",
    R"({"type":"object","patternProperties":{"^[ab]$":{"type":"null"}},"additionalProperties":false,
        "maxProperties":2})",
    R"({"$defs":{"t":{"type":"array","items":{"$ref":"#/$defs/t"},"maxItems":2}},"$ref":"#/$defs/t"})",
    R"({"type":"number","minimum":-1,"exclusiveMaximum":12.5})",
    R"({"type":"object","propertyNames":{"pattern":"^(x.*|[ab])$"}})",
    R"({"type":"object","patternProperties":{"^[a-z]{1,30}$":{}},"additionalProperties":false})",
    R"({"type":"array","items":{"type":"string"},"uniqueItems":true})",
    R"({"type":"array","items":{"enum":["a","ab",12,0,true]},"uniqueItems":true,"minItems":3})",
    R"({"type":"array","items":{"type":"string","maxLength":4},"uniqueItems":true})",
    R"({"type":"array","items":{"type":"string","pattern":"^[ab]{1,3}$"},"uniqueItems":true})",
    R"({"type":"array","contains":{"type":"string"},"maxContains":1,"maxItems":3})",
    R"({"type":"object","not":{"additionalProperties":{"type":"integer"}},"maxProperties":2})",
    R"({"type":"object","properties":{"a":{},"ab":{},"name":{}},"additionalProperties":{"enum":[1,"a",[],{}]}})",
    R"({"type":"string","minLength":2,"maxLength":5})",
    R"({"type":"string","pattern":"^(?:\\S+\\s+){0,3}\\S+$","maxLength":14})",
    R"({"type":"string","pattern":"^(?:\\S+\\s+){0,3}\\S+$","maxLength":200,"minLength":1})",
    R"({"type":"string","pattern":"^a?(?:ab|name){2}(?:xyz1212)?$","maxLength":17})",
    R"({"type":"array","items":{"type":"string","minLength":1},"uniqueItems":true,"maxItems":3})",
    R"({"type":"object","additionalProperties":{"type":"string","maxLength":1},"propertyNames":{"minLength":1,"maxLength":2}})",
    R"({"anyOf":[{"type":"object","properties":{"a":{"type":"integer"}}},{"type":"object","required":["b"]},{"type":"array"}]})",
};

// What a fuzzer and a test both end with where a promise is broken.
inline void demand(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

// The mask as accept() alone tells it.
inline TokenMask brute_force(const Matcher& matcher, const TokenTrie& trie) {
  TokenMask mask(trie.vocabulary_size());
  for (std::size_t id = 0; id < trie.vocabulary_size(); ++id) {
    Matcher copy = matcher;
    if (copy.accept(static_cast<TokenId>(id))) mask.allow(static_cast<TokenId>(id));
  }
  return mask;
}

}  // namespace espalier::guide::testing
