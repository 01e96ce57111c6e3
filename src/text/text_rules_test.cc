#include "text/text_rules.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "text/unicode_normalisation.h"
#include "text/utf8.h"

namespace espalier::text {
namespace {

using Kind = TextRule::Kind;

std::string applied(std::vector<TextRule> rules, std::string_view text,
                    TextPlace place = TextPlace::start) {
  std::string buffer;
  return std::string(TextRules(std::move(rules)).apply(text, place, buffer));
}

TEST(TextRules, RulesWorkOneAfterTheOther) {
  EXPECT_EQ(applied({{Kind::prepend, "", "_"}, {Kind::replace, " ", "_"}}, "a  b"), "_a__b");
  EXPECT_EQ(applied({{Kind::replace, "aa", "a"}}, "aaaaa"), "aaa");
}

TEST(TextRules, NothingIsPutInFrontOfNothingOrOfTextThatGoesOn) {
  const std::vector<TextRule> prepend = {{Kind::prepend, "", "_"}};
  EXPECT_EQ(applied(prepend, ""), "");
  EXPECT_EQ(applied(prepend, "a", TextPlace::after_token), "_a");
  EXPECT_EQ(applied(prepend, "a", TextPlace::inside), "a");
}

class Normalisation : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_normalise()) GTEST_SKIP() << "this build has no utf8proc";
  }
};

TEST_F(Normalisation, NfcComposesAcrossTheEndOfAscii) {
  EXPECT_EQ(applied({{Kind::nfc, "", ""}}, "xe\u0301y \u212B\u0301 q\u0323\u0307"),
            "x\u00E9y \u01FA q\u0323\u0307");
  EXPECT_EQ(applied({{Kind::nfc, "", ""}}, "q\u0307\u0323"), "q\u0323\u0307");
  EXPECT_EQ(applied({{Kind::nfc, "", ""}}, "\u1100\u1161\u11A8\uFB01"), "\uAC01\uFB01");
}

TEST_F(Normalisation, NfkcReplacesCompatibleCharacters) {
  EXPECT_EQ(applied({{Kind::nfkc, "", ""}}, "\uFB01 \u2460 \uFF21"), "fi 1 A");
}

// U+0EBA is a mark of class 9 since Unicode 12, which tokenizers does not know.
TEST_F(Normalisation, MarksThatTheOracleDoesNotKnowStayInTheirPlace) {
  EXPECT_EQ(applied({{Kind::nfc, "", ""}}, "a\u0309\u0EBA"), "\u1EA3\u0EBA");
  EXPECT_EQ(applied({{Kind::nfc, "", ""}}, "q\u0309\u0EBA\u0323"), "q\u0309\u0EBA\u0323");
}

TEST(TextRules, BytesThatAreNotUtf8StayWhereTheyAre) {
  EXPECT_EQ(applied({{Kind::nfc, "", ""}}, "e\xFF\u0301\xE2\x82"), "e\xFF\u0301\xE2\x82");
}

RC_GTEST_PROP(TextRules, NormalisingTwiceIsNormalisingOnce, (const std::string& bytes)) {
  std::string text;
  append_repaired(bytes, text);
  const std::string once = applied({{Kind::nfc, "", ""}}, text);
  RC_ASSERT(applied({{Kind::nfc, "", ""}}, once) == once);
  RC_ASSERT(is_valid_utf8(once));
}

}  // namespace
}  // namespace espalier::text
