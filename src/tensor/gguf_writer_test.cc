#include "tensor/gguf_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder_testing.h"
#include "espalier/error.h"
#include "tensor/gguf_reader.h"
#include "tensor/safetensors_builder_testing.h"

namespace espalier::tensor {
namespace {

using base::testing::TemporaryFolder;
using testing::bytes_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const GgmlType* const f32 = find_ggml_type(DType::f32);
const GgmlType* const q8_0 = find_ggml_type(DType::q8_0);

GgufKeys keys_of_every_kind() {
  GgufKeys keys;
  keys.add("u8", std::uint8_t{200});
  keys.add("i8", std::int8_t{-100});
  keys.add("u16", std::uint16_t{60'000});
  keys.add("i16", std::int16_t{-30'000});
  keys.add("u32", std::uint32_t{4'000'000'000});
  keys.add("i32", std::int32_t{-2'000'000'000});
  keys.add("u64", std::uint64_t{18'000'000'000'000'000'000U});
  keys.add("i64", std::int64_t{-9'000'000'000'000'000'000});
  keys.add("f32", 1.5F);
  keys.add("f64", 2.5);
  keys.add("bool", true);
  keys.add("string", "ä");
  const std::vector<std::string> strings = {"one", "", "three"};
  keys.add("strings", std::span<const std::string>(strings));
  const std::vector<std::string_view> views = {"x"};
  keys.add("views", std::span<const std::string_view>(views));
  const std::vector<float> floats = {0.25F, -4.0F};
  keys.add("floats", std::span<const float>(floats));
  keys.add("ints", std::span<const std::int32_t>());
  return keys;
}

void check_every_kind(const GgufMetadata& keys) {
  EXPECT_EQ(keys.find("u8")->type, GgufType::u8);
  EXPECT_EQ(keys.find("i64")->type, GgufType::i64);
  EXPECT_EQ(keys.get_integer<int>("u8"), 200);
  EXPECT_EQ(keys.get_integer<int>("i8"), -100);
  EXPECT_EQ(keys.get_integer<int>("u16"), 60'000);
  EXPECT_EQ(keys.get_integer<int>("i16"), -30'000);
  EXPECT_EQ(keys.get_integer<std::uint32_t>("u32"), 4'000'000'000);
  EXPECT_EQ(keys.get_integer<int>("i32"), -2'000'000'000);
  EXPECT_EQ(keys.get_integer<std::uint64_t>("u64"), 18'000'000'000'000'000'000U);
  EXPECT_EQ(keys.get_integer<std::int64_t>("i64"), -9'000'000'000'000'000'000);
  EXPECT_EQ(keys.get_float("f32"), 1.5F);
  EXPECT_EQ(keys.get_float("f64"), 2.5F);
  EXPECT_TRUE(keys.get_bool("bool"));
  EXPECT_EQ(keys.get_string("string"), "ä");
  EXPECT_THAT(keys.get_strings("strings"), ElementsAre("one", "", "three"));
  EXPECT_THAT(keys.get_strings("views"), ElementsAre("x"));
  EXPECT_THAT(keys.get_floats("floats"), ElementsAre(0.25F, -4.0F));
  EXPECT_TRUE(keys.get_ints("ints").empty());
}

TEST(GgufWriter, TheReaderFindsWhatWasWritten) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "m.gguf";
  GgufWriter writer(path, keys_of_every_kind(),
                    {{"a", f32, {3, 2}}, {"b", q8_0, {32, 1, 2}}, {"c", f32, {1}}});
  writer.write(bytes_of("aaaabbbbcccc"));
  writer.write(bytes_of("ddddeeeeffff"));
  const std::string blocks(68, 'q');
  writer.write(bytes_of(blocks));
  writer.write(bytes_of("cccc"));
  EXPECT_FALSE(std::filesystem::exists(path));
  writer.finish();

  const GgufFile file = GgufFile::open(path);
  EXPECT_EQ(file.version(), 3U);
  check_every_kind(file.metadata());
  ASSERT_EQ(file.tensors().size(), 3U);
  EXPECT_EQ(file.size() % 32, 0U);
  const GgufTensor& b = file.tensor("b");
  EXPECT_EQ(b.offset % 32, 0U);
  EXPECT_EQ(b.dims, 3U);
  EXPECT_EQ(b.rows(), 2U);
  EXPECT_EQ(std::memcmp(b.bytes.data(), blocks.data(), blocks.size()), 0);
  EXPECT_EQ(std::memcmp(file.tensor("c").bytes.data(), "cccc", 4), 0);
}

TEST(GgufWriter, KeysAreCopiedAsTheyStandNestedArraysToo) {
  const std::string source = testing::small_gguf().build();
  const GgufFile original = GgufFile::parse("m", bytes_of(source));
  GgufKeys keys;
  for (const GgufValue& value : original.metadata().values()) keys.copy(value);
  EXPECT_EQ(keys.count(), original.metadata().values().size());
  const std::string_view bytes = keys.bytes();
  EXPECT_EQ(std::string_view(source).substr(24, bytes.size()), bytes);
}

TEST(GgufWriter, TheAlignmentIsTheKeys) {
  const TemporaryFolder folder;
  GgufKeys keys;
  keys.add("general.alignment", std::uint32_t{256});
  GgufWriter writer(folder.path() / "m", keys, {{"a", f32, {1}}, {"b", f32, {1}}});
  writer.write(bytes_of("aaaa"));
  writer.write(bytes_of("bbbb"));
  writer.finish();
  const GgufFile file = GgufFile::open(folder.path() / "m");
  EXPECT_EQ(file.tensor("b").offset - file.tensor("a").offset, 256U);
  EXPECT_EQ(file.tensor("a").offset % 256, 0U);
}

TEST(GgufWriter, KeysThatTheFormatCannotHoldAreRefused) {
  GgufKeys keys;
  keys.add("k", 1);
  const auto refuses = [](auto call, const char* words) {
    EXPECT_THAT(call, ThrowsMessage<InvalidArgument>(HasSubstr(words)));
  };
  refuses([&] { keys.add("k", "again"); }, "the GGUF key 'k' is there already");
  refuses([&] { keys.add("", 1); }, "1 to 65,535 bytes, not 0");
  refuses([&] { keys.add(std::string(65'536, 'k'), 1); }, "not 65,536");
  refuses([&] { keys.add("general.alignment", 32); }, "must be a u32");
  refuses([&] { keys.add("general.alignment", "32"); }, "must be a u32");
  refuses([&] { keys.add("general.alignment", std::uint32_t{24}); }, "is 24, where a power of two");
  EXPECT_EQ(keys.count(), 1U);
}

TEST(GgufWriter, TensorsThatTheFormatCannotHoldAreRefusedByName) {
  const TemporaryFolder folder;
  const auto refusal = [&](std::vector<GgufEntry> entries, std::string_view data = {}) {
    try {
      GgufWriter writer(folder.path() / "m", GgufKeys(), std::move(entries));
      writer.write(bytes_of(data));
      writer.finish();
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(refusal({{"", f32, {1}}}), HasSubstr("has a name of 0 bytes"));
  EXPECT_THAT(refusal({{std::string(65, 't'), f32, {1}}}), HasSubstr("has a name of 65 bytes"));
  EXPECT_THAT(refusal({{"t", f32, {1}}, {"t", f32, {1}}}), HasSubstr("'t' is there twice"));
  EXPECT_THAT(refusal({{"t", nullptr, {1}}}), HasSubstr("no type that GGUF"));
  EXPECT_THAT(refusal({{"t", find_ggml_type(31), {32}}}), HasSubstr("no type that GGUF"));
  EXPECT_THAT(refusal({{"t", f32, {}}}), HasSubstr("has 0 dimensions"));
  EXPECT_THAT(refusal({{"t", f32, {1, 1, 1, 1, 1}}}), HasSubstr("has 5 dimensions"));
  EXPECT_THAT(refusal({{"t", f32, {4, 0}}}), HasSubstr("the size 0"));
  EXPECT_THAT(refusal({{"t", q8_0, {33}}}), HasSubstr("Q8_0 stores blocks of 32"));
  EXPECT_THAT(refusal({{"t", f32, {std::size_t{1} << 62}}}), HasSubstr("more bytes"));
  EXPECT_THAT(refusal({{"t", f32, {2}}}, "1234"), HasSubstr("takes 8 bytes, of which 4 were"));
  EXPECT_THAT(refusal({{"t", f32, {1}}}, "12345"), HasSubstr("is given 5 bytes at once"));
  EXPECT_THAT(refusal({}, "1"), HasSubstr("1 bytes are left over"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace espalier::tensor
