#include "guide/case_check.h"

#include <gtest/gtest.h>

#include <string>

#include "guide/guide_testing.h"
#include "text/byte_level.h"

namespace espalier::guide {
namespace {

// All bytes but `missing`, and a few words; the last token ends an answer.
text::VocabularyData vocabulary(std::string_view missing = "") {
  text::VocabularyData data;
  data.origin = "test vocabulary";
  data.pre_tokenizer = "gpt2";
  for (int byte = 0; byte < 256; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    if (missing.find(one) == std::string_view::npos) data.tokens.push_back(text::spell_bytes(one));
  }
  for (const char* word : {"tr", "ue", "true"}) data.tokens.emplace_back(word);
  data.merges = {"t r", "u e", "tr ue"};
  data.kinds.assign(data.tokens.size(), text::TokenKind::normal);
  data.tokens.emplace_back("<end>");
  data.kinds.push_back(text::TokenKind::control);
  data.eos = static_cast<TokenId>(data.tokens.size() - 1);
  return data;
}

CaseResult check(const std::string& test_case, std::string_view missing = "",
                 const SchemaOptions& options = {}) {
  const text::Tokenizer tokenizer(vocabulary(missing));
  CaseChecker checker(tokenizer, TokenTrie::of(tokenizer, {*tokenizer.eos()}), options);
  return checker.check(base::JsonDocument::parse("case", test_case).root());
}

TEST(CaseCheck, VerdictsAreComparedWithWhatIsExpected) {
  const CaseResult result = check(R"({"name":"n","schema":{"type":"boolean"},"tests":[
      {"valid":true,"data":true},{"valid":false,"data":1},
      {"valid":false,"data":false},{"valid":true,"data":null}]})");
  EXPECT_EQ(result.name, "n");
  EXPECT_EQ(result.tests, 4U);
  EXPECT_FALSE(result.all_right());
  EXPECT_EQ(result.invalid_accepted, std::vector<std::string>{"false"});
  EXPECT_EQ(result.valid_rejected, std::vector<std::string>{"null"});
}

TEST(CaseCheck, ARefusedSchemaIsNeitherRightNorWrong) {
  const CaseResult result =
      check(R"({"description":"d","schema":{"$ref":"o.json"},"tests":[{"valid":true,"data":1}]})");
  EXPECT_EQ(result.name, "d");
  EXPECT_TRUE(result.refused.starts_with("#/$ref: "));
  EXPECT_FALSE(result.all_right());
  EXPECT_TRUE(result.valid_rejected.empty());
  EXPECT_TRUE(check(R"({"schema":false,"tests":[]})").refused.starts_with("#"));
}

TEST(CaseCheck, TheTokenizersOwnTokensAreTimedAtEveryPlace) {
  const CaseResult result = check(R"({"schema":{},"tests":[{"valid":true,"data":true}]})");
  EXPECT_TRUE(result.all_right());
  EXPECT_EQ(result.mask_us.size(), 2U);  // "true" is one token; then the end
  EXPECT_EQ(result.accept_us.size(), 1U);
  EXPECT_EQ(result.instance_us.size(), 1U);
}

// Only blanks tell the two spellings apart: a value that is right in one of them alone is wrong.
TEST(CaseCheck, SpacedSpellingsMustGetTheSameVerdict) {
  const std::string test_case = R"({"schema":{},"tests":[{"valid":true,"data":[1,2]}]})";
  EXPECT_TRUE(check(test_case).all_right());
  const SchemaOptions no_blanks{.blanks = 0};
  EXPECT_EQ(check(test_case, "", no_blanks).valid_rejected, std::vector<std::string>{"[1, 2]"});
  const SchemaOptions compact{.white_space = WhiteSpace::none};
  EXPECT_TRUE(check(test_case, "", compact).all_right());
}

TEST(CaseCheck, CharactersThatTheVocabularyLacksAreEscaped) {
  const std::string test_case =
      R"({"schema":{"const":"\u00e9\ud8c0\udc00"},"tests":[{"valid":true,"data":"é\ud8c0\udc00"}]})";
  EXPECT_TRUE(check(test_case, "\xC3\xF1").all_right());
}

TEST(CaseCheck, ValuesAreSpelledAsTheDocumentSpellsThem) {
  const auto document = base::JsonDocument::parse(
      "value", R"( {"a" : [1.50, -0, 1E+2, "\u0041\n\"\\é"], "b":{}, "c":[null,true,false]} )");
  EXPECT_EQ(spell(document.root(), Spelling::compact),
            R"({"a":[1.50,-0,1E+2,"A\u000a\"\\é"],"b":{},"c":[null,true,false]})");
  EXPECT_EQ(spell(document.root(), Spelling::spaced),
            R"({"a": [1.50, -0, 1E+2, "A\u000a\"\\é"], "b": {}, "c": [null, true, false]})");
}

}  // namespace
}  // namespace espalier::guide
