#include "tensor/safetensors_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder_testing.h"
#include "espalier/error.h"
#include "tensor/safetensors_builder_testing.h"
#include "tensor/safetensors_reader.h"

namespace espalier::tensor {
namespace {

using base::testing::TemporaryFolder;
using testing::bytes_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const SafetensorsType* const f32 = find_safetensors_type(DType::f32);
const SafetensorsType* const f16 = find_safetensors_type(DType::f16);

TEST(SafetensorsWriter, TheReaderFindsWhatWasWritten) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "m.safetensors";
  SafetensorsWriter writer(path,
                           {{"half", f16, {3}},
                            {"one", f32, {2, 2}},
                            {"none", f16, {0, 5}},
                            {"\"ä\n", find_safetensors_type("I64"), {}}},
                           {{"format", "pt"}, {"q\"", "ü"}});
  std::vector<std::string> order;
  for (const SafetensorsEntry& entry : writer.entries()) order.push_back(entry.name);
  EXPECT_THAT(order, ElementsAre("\"ä\n", "one", "half", "none"));  // wide types first
  writer.write(bytes_of("12345678"));
  writer.write(bytes_of("abcdefgh"));
  writer.write(
      bytes_of("ijklmnop"
               "hhhhhh"));
  EXPECT_FALSE(std::filesystem::exists(path));
  writer.finish();

  const SafetensorsFile file = SafetensorsFile::open(path);
  const auto text = [&](std::string_view name) {
    const auto bytes = file.tensor(name).bytes;
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  EXPECT_EQ(text("\"ä\n"), "12345678");
  EXPECT_EQ(text("one"), "abcdefghijklmnop");
  EXPECT_EQ(text("half"), "hhhhhh");
  EXPECT_EQ(text("none"), "");
  EXPECT_THAT(file.tensor("one").sizes(), ElementsAre(2, 2));
  EXPECT_THAT(file.tensor("none").sizes(), ElementsAre(0, 5));
  EXPECT_EQ(file.tensor("\"ä\n").dims, 0U);
  EXPECT_EQ(file.find_metadata("format"), "pt");
  EXPECT_EQ(file.find_metadata("q\""), "ü");
}

TEST(SafetensorsWriter, DataStartsAtAMultipleOf64WhateverTheHeadersLength) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "m.safetensors";
  for (std::size_t length = 1; length <= 70; ++length) {
    SafetensorsWriter writer(path, {{std::string(length, 't'), f32, {1}}});
    writer.write(bytes_of("data"));
    writer.finish();
    EXPECT_EQ(SafetensorsFile::open(path).tensors()[0].offset % 64, 0U);
  }
}

TEST(SafetensorsWriter, AnEmptyFileIsAFile) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "m.safetensors";
  SafetensorsWriter(path, {}).finish();
  EXPECT_TRUE(SafetensorsFile::open(path).tensors().empty());
}

TEST(SafetensorsWriter, WhatTheFormatCannotHoldIsRefusedByName) {
  const TemporaryFolder folder;
  const auto refusal = [&](std::vector<SafetensorsEntry> entries,
                           const SafetensorsWriter::Metadata& metadata = {}) -> std::string {
    try {
      SafetensorsWriter(folder.path() / "m", std::move(entries), metadata).finish();
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_THAT(refusal({{"t", find_safetensors_type(DType::q8_0), {32}}}),
              HasSubstr("tensor 't' has no type that safetensors files can hold"));
  EXPECT_THAT(refusal({{"t", f32, {0}}, {"t", f16, {0}}}), HasSubstr("'t' is there twice"));
  EXPECT_THAT(refusal({{"", f32, {1}}}), HasSubstr("has no name"));
  EXPECT_THAT(refusal({{"__metadata__", f32, {1}}}), HasSubstr("the format reserves"));
  EXPECT_THAT(refusal({{"t", f32, {1, 1, 1, 1, 1, 1, 1, 1, 1}}}), HasSubstr("has 9 dimensions"));
  EXPECT_THAT(refusal({{"t", f32, {std::size_t{1} << 60}}}), HasSubstr("more bits"));
  EXPECT_THAT(refusal({{"t", find_safetensors_type("F4"), {3}}}), HasSubstr("inside a byte"));
  EXPECT_THAT(refusal({{"\xff", f32, {1}}}), HasSubstr("not UTF-8"));
  EXPECT_THAT(refusal({}, {{"k", "\xff"}}), HasSubstr("not UTF-8"));
  EXPECT_THAT(refusal({{"t", f32, {1}}}), HasSubstr("bytes were written, but its header speaks"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace espalier::tensor
