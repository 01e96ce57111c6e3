#include "text/byte_level.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace espalier::text {
namespace {

TEST(ByteLevel, SpellsAsGpt2Does) {
  EXPECT_EQ(spell_bytes(" a\n"), "ĠaĊ");
  EXPECT_EQ(byte_spelling(0x00), U'\u0100');
  EXPECT_EQ(byte_spelling(0xAD), U'\u0143');
  EXPECT_EQ(byte_spelling(0xFF), U'\u00FF');
  EXPECT_EQ(spelled_byte(U'\u0144'), std::nullopt);
}

TEST(ByteLevel, ATokenFromOutsideTheAlphabetStandsForItself) {
  EXPECT_EQ(spelled_bytes("Ġa"), " a");
  EXPECT_EQ(spelled_bytes("Ġ a"), "Ġ a");
  EXPECT_EQ(spelled_bytes("한"), "한");
  EXPECT_EQ(spelled_bytes("\xFF"), "\xFF");
}

RC_GTEST_PROP(ByteLevel, AnyBytesComeBackFromTheirSpelling, (const std::string& bytes)) {
  RC_ASSERT(spelled_bytes(spell_bytes(bytes)) == bytes);
}

}  // namespace
}  // namespace espalier::text
