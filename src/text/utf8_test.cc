#include "text/utf8.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace espalier::text {
namespace {

TEST(Utf8, EveryScalarValueIsReadAsItWasWritten) {
  for (char32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point >= 0xD800 && code_point <= 0xDFFF) continue;
    std::string text;
    append_utf8(code_point, text);
    const Utf8Character read = first_character(text);
    ASSERT_EQ(read.status, Utf8Status::valid) << std::hex << std::uint32_t{code_point};
    ASSERT_EQ(read.code_point, code_point);
    ASSERT_EQ(read.size, text.size());
  }
}

TEST(Utf8, OverlongFormsSurrogatesAndWhatLiesAboveTheLastPlaneAreInvalid) {
  for (const std::string_view text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_EQ(first_character(text).status, Utf8Status::invalid);
    EXPECT_EQ(first_character(text).size, 1);
    EXPECT_FALSE(is_valid_utf8(text));
  }
}

TEST(Utf8, AnUnfinishedCharacterIsIncompleteOnlyAtTheEnd) {
  EXPECT_EQ(first_character("\xF0\x9F\x98").status, Utf8Status::incomplete);
  EXPECT_EQ(first_character("\xF0\x9F\x98").size, 3);
  EXPECT_EQ(first_character("\xF0\x9F!").status, Utf8Status::invalid);
  EXPECT_EQ(first_character("\xF0\x9F!").size, 2);
}

// The examples of the Unicode Standard 16.0, tables 3-8 to 3-11.
TEST(Utf8, BytesOfAnUnfinishedCharacterAreCountedAtTheEnd) {
  const std::string text = "aé€🐲";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const std::string cut = text.substr(0, size);
    const std::size_t whole = size - unfinished_bytes(cut);
    EXPECT_TRUE(is_valid_utf8(cut.substr(0, whole))) << size;
    EXPECT_TRUE(whole == size ||
                first_character(cut.substr(whole)).status == Utf8Status::incomplete);
  }
  EXPECT_EQ(unfinished_bytes("a\x80\x80\x80"), 0U) << "no more bytes save these";
  EXPECT_EQ(unfinished_bytes("a\xFF"), 0U);
}

TEST(Utf8, OneReplacementCharacterStandsForEachMaximalSubpart) {
  const auto repaired = [](std::string_view bytes) {
    std::string text;
    EXPECT_EQ(append_repaired(bytes, text), bytes.size());
    return text;
  };
  const auto replaced = [](int count, std::string_view rest) {
    std::string text;
    for (int i = 0; i < count; ++i) text += replacement_character;
    return text += rest;
  };
  EXPECT_EQ(repaired("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), replaced(8, "A"));
  EXPECT_EQ(repaired("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), replaced(8, "A"));
  EXPECT_EQ(repaired("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), replaced(5, "A") + replaced(2, "B"));
  EXPECT_EQ(repaired("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), replaced(4, "A"));
}

RC_GTEST_PROP(Utf8, RepairedTextIsValidAndValidTextIsLeftAlone, (const std::string& bytes)) {
  std::string text;
  const std::size_t read = append_repaired(bytes, text);
  RC_ASSERT(bytes.size() - read < 4U);
  RC_ASSERT(is_valid_utf8(text));
  std::string again;
  RC_ASSERT(append_repaired(text, again) == text.size());
  RC_ASSERT(again == text);
}

}  // namespace
}  // namespace espalier::text
