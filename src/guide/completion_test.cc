// Whatever tokens_to_end() says is enough, is: whoever takes only tokens that fit ends in time.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "guide/guide_testing.h"
#include "guide/shortest_text.h"

namespace espalier::guide {
namespace {

using testing::byte_trie;
using testing::guide_of;

const std::vector<std::string> words = {"{\"",   "\":\"", "\",\"", "\":",  "name", "null", "true",
                                        "[[",    "]]",    "}}",    "0,",   "\"},", "id",   "200",
                                        "\":[{", "00",    "{\"a",  "\xF0", "é",    "-",    "\\u00"};

const char* const schemas[] = {
    "true",
    R"({"type":"object","properties":{"name":{"type":"string","minLength":4},"id":{"type":"integer",
        "minimum":100}},"required":["name","id"]})",
    R"({"type":"object","properties":{"a":{"$ref":"#"},"b":{"type":"null"}},"minProperties":1,
        "additionalProperties":false})",
    R"({"$defs":{"t":{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#/$defs/t"},
        {"type":"null"}]},"value":{"enum":["long long text",12345]}},"required":["next","value"]}},
        "$ref":"#/$defs/t"})",
    R"({"type":"array","prefixItems":[{"const":"first"},{"type":"boolean"}],"items":{"type":"array",
        "minItems":2,"items":{"type":"integer"}},"minItems":4,"maxItems":9})",
    R"({"type":"array","items":{"type":"integer","minimum":0,"maximum":99},"uniqueItems":true,
        "minItems":14})",
    R"({"type":"array","items":{"enum":["a","ab",12,0,true]},"uniqueItems":true,"minItems":4})",
    R"({"type":"array","contains":{"type":"string","minLength":3},"minContains":2})",
    R"({"type":"object","patternProperties":{"^k[0-9]$":{"type":"null"}},
        "additionalProperties":false,"minProperties":4})",
    R"({"type":"object","propertyNames":{"pattern":"^[ab]{1,3}$"},"minProperties":5})",
    R"({"type":"object","not":{"additionalProperties":{"type":"integer"}},"minProperties":3})",
    R"({"type":"object","properties":{"a":{},"b":{"type":"string","minLength":9},"c":{}},
        "dependentRequired":{"a":["b"],"b":["c"]}})",
    R"({"type":"string","pattern":"^(a|b{40}|é+x{9})$"})",
    R"({"type":"string","pattern":"^[\u0000-\u0003]{3}$"})",
    R"({"type":"string","format":"date-time"})",
    R"({"type":"number","minimum":1234.5,"multipleOf":0.25})",
    R"({"anyOf":[{"type":"object","properties":{"kind":{"const":"a"},"x":{"type":"string",
        "minLength":30}},"required":["kind","x"]},{"type":"object","properties":{"kind":{"const":
        "b"}},"required":["kind"]},{"type":"integer"}]})",
};

const char* const grammars[] = {
    R"({"regex":"(a|b{30})[0-9]{2,9}é?"})",
    R"({"either":["yes","no, not at all","null"]})",
    R"(["name: ",{"schema":{"type":"object","properties":{"id":{"type":"integer"}},
        "required":["id"],"additionalProperties":false}},{"regex":"!{0,3}\\n"}])",
    R"({"repeat":[{"schema":{"type":"number"}},";"],"least":3,"most":5})",
    R"([{"free":[{"trigger":"<t>","then":[{"schema":{"enum":["name",null]}},"</t>"]}],"least":1,
        "until":"##"},{"schema":{"type":"boolean"}}])",
};

// Guides of all kinds.
std::vector<std::pair<std::string, std::shared_ptr<const Guide>>> all_guides() {
  std::vector<std::pair<std::string, std::shared_ptr<const Guide>>> all;
  SchemaOptions declared = answer_options;
  declared.key_order = KeyOrder::declared;
  for (const char* schema : schemas) {
    for (const SchemaOptions& options : {SchemaOptions{}, answer_options, declared}) {
      try {
        all.emplace_back(schema, guide_of(schema, options));
      } catch (const UnsupportedGuide&) {
        EXPECT_EQ(options.key_order, KeyOrder::declared) << schema;
      }
    }
  }
  for (const char* grammar : grammars) all.emplace_back(grammar, testing::grammar_of(grammar));
  return all;
}

TokenId draw(const TokenMask& mask, std::mt19937& random) {
  std::vector<TokenId> allowed;
  for (std::size_t id = 0; id < mask.size(); ++id) {
    if (mask.allows(static_cast<TokenId>(id))) allowed.push_back(static_cast<TokenId>(id));
  }
  return allowed.at(random() % allowed.size());
}

// Tokens that are taken until nothing but an end token may come, with only such that fit.
std::size_t tokens_taken(Matcher& matcher, std::size_t budget, std::mt19937& random) {
  TokenMask mask(0x2000);
  std::size_t taken = 0;
  while (taken < budget) {
    matcher.mask_that_fits(mask, budget - taken - 1);
    const TokenId token = draw(mask, random);
    EXPECT_TRUE(matcher.fits(token, budget - taken - 1))
        << taken << " of " << budget << " " << token;
    EXPECT_TRUE(matcher.accept(token));
    ++taken;
    if (matcher.is_finished()) break;
    matcher.mask(mask);
    if (mask.count() == 1 && matcher.is_complete()) break;
  }
  return taken;
}

// As if a model had drawn some tokens.
void begin_at_random(Matcher& matcher, std::mt19937& random) {
  TokenMask mask(0x2000);
  for (std::size_t steps = random() % 24; steps > 0 && !matcher.is_finished(); --steps) {
    matcher.mask(mask);
    ASSERT_TRUE(matcher.accept(draw(mask, random)));
  }
}

TEST(Completion, WhoTakesOnlyTokensThatFitEndsInTime) {
  const auto trie = byte_trie(words);
  std::mt19937 random(5);
  for (const auto& [source, guide] : all_guides()) {
    SCOPED_TRACE(source);
    for (int walk = 0; walk < 6; ++walk) {
      Matcher matcher(guide, trie);
      begin_at_random(matcher, random);
      const std::size_t enough = matcher.tokens_to_end();
      ASSERT_LT(enough, Completion::endless);
      if (enough == 0) continue;
      const std::size_t budget = enough + random() % 3;
      ASSERT_LE(tokens_taken(matcher, budget, random), budget);
      ASSERT_TRUE(matcher.is_complete());
    }
  }
}

TEST(Completion, MaskThatFitsIsAPartOfTheMaskAndNeverEmpty) {
  const auto trie = byte_trie(words);
  std::mt19937 random(6);
  TokenMask mask(trie->vocabulary_size());
  TokenMask fits(trie->vocabulary_size());
  for (const auto& [source, guide] : all_guides()) {
    SCOPED_TRACE(source);
    Matcher matcher(guide, trie);
    begin_at_random(matcher, random);
    if (matcher.is_finished()) continue;
    matcher.mask(mask);
    for (const std::size_t budget : {0, 1, 2, 5, 20}) {
      matcher.mask_that_fits(fits, budget);
      EXPECT_GT(fits.count(), 0U) << budget;
      fits.each([&](TokenId token) { EXPECT_TRUE(mask.allows(token)) << token; });
    }
  }
}

TEST(Completion, CountsTheTokensOfTheShortestRest) {
  const auto soonest = [](const char* schema, std::string_view begun = "") {
    Matcher matcher(guide_of(schema, answer_options), byte_trie({"name", "\":"}));
    for (const char byte : begun) EXPECT_TRUE(matcher.accept(static_cast<unsigned char>(byte)));
    return matcher.tokens_to_end();
  };
  const char* object = R"({"type":"object","properties":{"name":{"type":"string"},
                           "b":{"type":"boolean"}},"required":["name"]})";
  EXPECT_EQ(soonest(object, "{\"name\":\"Ada"), 2U);  // "}
  EXPECT_EQ(soonest(object, "{\"name\":"), 3U);       // ""}
  EXPECT_EQ(soonest(object, "{\"na"), 6U);            // m e ": " " }
  EXPECT_EQ(soonest(object, "{\"b\":true"), 7U);      // , " name ": " " }
  EXPECT_EQ(soonest(object, "{\"name\":\"\"}"), 0U);
}

TEST(Completion, ANumberNeedsAnEndTokenBehindIt) {
  const auto trie = byte_trie();
  Matcher number(guide_of(R"({"type":"integer","minimum":10})", answer_options), trie);
  EXPECT_EQ(number.tokens_to_end(), 3U);
  Matcher text(guide_of(R"({"type":"string"})", answer_options), trie);
  ASSERT_TRUE(text.accept('"'));
  EXPECT_EQ(text.tokens_to_end(), 1U);
}

TEST(Completion, WhereNothingFitsTheNearestIsTaken) {
  const auto trie = byte_trie();
  Matcher matcher(
      guide_of(R"({"type":"array","items":{"enum":[1,"long"]},"minItems":3})", answer_options),
      trie);
  ASSERT_TRUE(matcher.accept('['));
  TokenMask mask(trie->vocabulary_size());
  matcher.mask(mask);
  EXPECT_EQ(mask.count(), 2U);
  matcher.mask_that_fits(mask, 2);
  EXPECT_EQ(mask.count(), 1U);
  EXPECT_TRUE(mask.allows('1'));
}

TEST(Completion, MaskThatFitsIsTheMaskWhereTheEndIsFar) {
  const auto trie = byte_trie(words);
  std::mt19937 random(3);
  TokenMask mask(trie->vocabulary_size());
  TokenMask fits(trie->vocabulary_size());
  for (const char* schema : schemas) {
    Matcher matcher(guide_of(schema), trie);
    for (int step = 0; step < 30 && !matcher.is_finished(); ++step) {
      matcher.mask(mask);
      matcher.mask_that_fits(fits, 100'000);
      ASSERT_EQ(mask, fits) << schema;
      ASSERT_TRUE(matcher.accept(draw(mask, random)));
    }
  }
}

TEST(ShortestText, EscapesWhatJsonWantsEscaped) {
  EXPECT_EQ(json_character(U'"'), "\\\"");
  EXPECT_EQ(json_character(U'\\'), "\\\\");
  EXPECT_EQ(json_character(U'\n'), "\\n");
  EXPECT_EQ(json_character(1), "\\u0001");
  EXPECT_EQ(json_character(U'é'), "é");
}

}  // namespace
}  // namespace espalier::guide
