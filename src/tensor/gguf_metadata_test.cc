#include "tensor/gguf_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "espalier/error.h"
#include "tensor/gguf_builder_testing.h"
#include "tensor/gguf_reader.h"

namespace espalier::tensor {
namespace {

using testing::array_key;
using testing::bytes_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::key;
using testing::le;
using testing::small_gguf;

class GgufMetadataTest : public ::testing::Test {
 protected:
  GgufMetadataTest() {
    auto builder = small_gguf();
    builder.keys.push_back(key("n.huge", GgufType::f64, le(1e300)));
    builder.keys.push_back(array_key("a.u64", GgufType::u64, 1, le(~std::uint64_t{0})));
    builder.keys.push_back(array_key("a.no_strings", GgufType::string, 0, ""));
    bytes_ = builder.build();
    file_ = GgufFile::parse("m.gguf", bytes_of(bytes_));
  }

  const GgufMetadata& metadata() const { return file_->metadata(); }

  template <class Call>
  std::string error_of(Call call) const {
    try {
      call(metadata());
    } catch (const InvalidFile& error) {
      return error.what();
    }
    return "no error";
  }

  std::string bytes_;
  std::optional<GgufFile> file_;
};

TEST_F(GgufMetadataTest, EveryIntegerTypeWidensToWhateverHoldsTheNumber) {
  EXPECT_EQ(metadata().get_integer<std::uint32_t>("n.u8"), 200U);
  EXPECT_EQ(metadata().get_integer<int>("n.i8"), -100);
  EXPECT_EQ(metadata().get_integer<std::uint16_t>("n.u16"), 60'000U);
  EXPECT_EQ(metadata().get_integer<std::int64_t>("n.i16"), -30'000);
  EXPECT_EQ(metadata().get_integer<std::int64_t>("n.u32"), 4'000'000'000);
  EXPECT_EQ(metadata().get_integer<std::int32_t>("n.i32"), -2'000'000'000);
  EXPECT_EQ(metadata().get_integer<std::uint64_t>("n.u64"), 18'000'000'000'000'000'000U);
  EXPECT_EQ(metadata().get_integer<std::int64_t>("n.i64"), -9'000'000'000'000'000'000);
}

TEST_F(GgufMetadataTest, AnIntegerThatDoesNotFitIsAnErrorWithItsValueAndTheRange) {
  EXPECT_EQ(error_of([](auto& m) { m.template get_integer<std::uint8_t>("n.u16"); }),
            "m.gguf: key 'n.u16' is 60000, but a number from 0 to 255 is expected");
  EXPECT_THAT(error_of([](auto& m) { m.template get_integer<std::uint64_t>("n.i8"); }),
              HasSubstr("'n.i8' is -100, but a number from 0"));
  EXPECT_THAT(error_of([](auto& m) { m.template get_integer<std::int32_t>("n.u32"); }),
              HasSubstr("from -2147483648 to 2147483647"));
  EXPECT_THAT(error_of([](auto& m) { m.template get_integer<std::int64_t>("n.u64"); }),
              HasSubstr("'n.u64' is 18000000000000000000"));
}

TEST_F(GgufMetadataTest, ReadsFloatsBooleansAndStrings) {
  EXPECT_EQ(metadata().get_float("n.f32"), 1.5F);
  EXPECT_EQ(metadata().get_float("n.f64"), 2.5F);
  EXPECT_TRUE(metadata().get_bool("n.bool"));
  EXPECT_EQ(metadata().get_string("general.architecture"), "llama");
}

TEST_F(GgufMetadataTest, ReadsArrays) {
  EXPECT_THAT(metadata().get_strings("a.strings"), ElementsAre("one", "", "three"));
  EXPECT_THAT(metadata().get_ints("a.i32"), ElementsAre(-7, 8));
  EXPECT_THAT(metadata().get_floats("a.f32"), ElementsAre(0.25F, -4.0F));
  EXPECT_THAT(metadata().get_ints("a.empty"), IsEmpty());
}

TEST_F(GgufMetadataTest, StringsAreViewsIntoTheFile) {
  const std::string_view text = metadata().get_string("general.architecture");
  EXPECT_GE(text.data(), bytes_.data());
  EXPECT_LE(text.data() + text.size(), bytes_.data() + bytes_.size());
}

TEST_F(GgufMetadataTest, AMissingKeyIsNothingToFindAndAnErrorToGet) {
  EXPECT_FALSE(metadata().contains("absent"));
  EXPECT_EQ(metadata().find("absent"), nullptr);
  EXPECT_EQ(metadata().find_integer<int>("absent"), std::nullopt);
  EXPECT_EQ(metadata().find_float("absent"), std::nullopt);
  EXPECT_EQ(metadata().find_bool("absent"), std::nullopt);
  EXPECT_EQ(metadata().find_string("absent"), std::nullopt);
  EXPECT_EQ(metadata().find_strings("absent"), std::nullopt);
  EXPECT_EQ(metadata().find_ints("absent"), std::nullopt);
  EXPECT_EQ(metadata().find_floats("absent"), std::nullopt);
  EXPECT_EQ(error_of([](auto& m) { m.get_strings("absent"); }),
            "m.gguf: key 'absent' is missing; an array of strings is expected");
}

TEST_F(GgufMetadataTest, AWrongTypeNamesKeyExpectedAndFoundType) {
  EXPECT_EQ(error_of([](auto& m) { m.template get_integer<int>("general.architecture"); }),
            "m.gguf: key 'general.architecture' holds a string where an integer is expected");
  EXPECT_THAT(error_of([](auto& m) { m.get_float("n.u8"); }),
              HasSubstr("holds a u8 where a float"));
  EXPECT_THAT(error_of([](auto& m) { m.get_float("n.huge"); }), HasSubstr("f64 that fits"));
  EXPECT_THAT(error_of([](auto& m) { m.get_bool("n.u8"); }), HasSubstr("holds a u8 where a bool"));
  EXPECT_THAT(error_of([](auto& m) { m.get_string("n.f32"); }),
              HasSubstr("holds an f32 where a string"));
  EXPECT_THAT(error_of([](auto& m) { m.get_strings("a.i32"); }),
              HasSubstr("holds an array of i32 where an array of strings"));
  EXPECT_THAT(error_of([](auto& m) { m.get_ints("a.f32"); }),
              HasSubstr("holds an array of f32 where an array of integers"));
  EXPECT_THAT(error_of([](auto& m) { m.get_ints("a.u64"); }), HasSubstr("fit 64 bits with a sign"));
  EXPECT_THAT(error_of([](auto& m) { m.get_floats("a.nested"); }),
              HasSubstr("holds an array of array where an array of floats"));
  // So it does where the array is empty.
  EXPECT_THAT(error_of([](auto& m) { m.get_ints("a.no_strings"); }),
              HasSubstr("holds an array of string where an array of integers"));
  EXPECT_THAT(error_of([](auto& m) { m.get_floats("a.no_strings"); }),
              HasSubstr("holds an array of string where an array of floats"));
}

TEST_F(GgufMetadataTest, ValuesHaveAFormForPeople) {
  const auto text = [&](std::string_view name) { return to_text(*metadata().find(name)); };
  EXPECT_EQ(text("general.architecture"), "'llama'");
  EXPECT_EQ(text("n.i8"), "-100");
  EXPECT_EQ(text("n.f32"), "1.5");
  EXPECT_EQ(text("n.bool"), "true");
  EXPECT_EQ(text("a.strings"), "3 × string");
  EXPECT_EQ(to_text(*metadata().find("general.architecture"), 3), "'lla…'");
}

}  // namespace
}  // namespace espalier::tensor
