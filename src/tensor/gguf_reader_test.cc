#include "tensor/gguf_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "espalier/error.h"
#include "tensor/dequantise.h"
#include "tensor/gguf_builder_testing.h"

namespace espalier::tensor {
namespace {

using testing::array_key;
using testing::bytes_of;
using ::testing::ElementsAre;
using testing::GgufBuilder;
using ::testing::HasSubstr;
using testing::key;
using testing::le;
using testing::small_gguf;
using testing::tensor_entry;

template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const InvalidFile& error) {
    return error.what();
  }
  return "no error";
}

TEST(GgufReader, ReadsTheDirectoryOfTensors) {
  const std::string bytes = small_gguf().build();
  const GgufFile file = GgufFile::parse("m.gguf", bytes_of(bytes));
  EXPECT_EQ(file.version(), 3U);
  EXPECT_EQ(file.size(), bytes.size());
  ASSERT_EQ(file.tensors().size(), 3U);
  const GgufTensor& b = file.tensors()[1];
  EXPECT_EQ(b.name, "b");
  EXPECT_EQ(b.type->name, "Q4_0");
  EXPECT_EQ(b.dims, 1U);
  EXPECT_EQ(b.cols(), 32U);
  EXPECT_EQ(b.rows(), 1U);
  EXPECT_EQ(b.bytes.size(), 18U);
  EXPECT_EQ(b.offset, bytes.size() - 256);
  EXPECT_EQ(file.find_tensor("b"), &b);
  EXPECT_EQ(file.find_tensor("bb"), nullptr);
}

TEST(GgufReader, GivesWeightsAsRows) {
  const std::string bytes = small_gguf().build();
  const GgufFile file = GgufFile::parse("m.gguf", bytes_of(bytes));
  const TensorView a = file.weights("a");
  EXPECT_EQ(a.rows, 2U);
  EXPECT_EQ(a.cols, 4U);
  std::vector<float> row(4);
  dequantise(a.dtype, a.row(1), row);
  EXPECT_THAT(row, ElementsAre(4.0F, 5.0F, 6.0F, 7.0F));
}

TEST(GgufReader, VersionTwoReadsAlike) {
  GgufBuilder builder = small_gguf();
  builder.version = 2;
  const std::string bytes = builder.build();
  EXPECT_EQ(GgufFile::parse("m.gguf", bytes_of(bytes)).version(), 2U);
}

TEST(GgufReader, TensorsMayStandInAnyOrderAndAtAnyAllowedAlignment) {
  GgufBuilder builder;
  builder.alignment = 64;
  builder.keys = {key("general.alignment", GgufType::u32, le<std::uint32_t>(64))};
  builder.tensors = {tensor_entry("late", {1}, 0, 64), tensor_entry("early", {2}, 0, 0)};
  builder.data.assign(68, '\0');
  const std::string bytes = builder.build();
  const GgufFile file = GgufFile::parse("m.gguf", bytes_of(bytes));
  EXPECT_EQ(file.tensor("late").offset - file.tensor("early").offset, 64U);
}

TEST(GgufReader, AFileMayHaveKeysOnly) {
  GgufBuilder builder;
  builder.keys = {key("n", GgufType::u8, "\x05")};
  builder.alignment = 1;
  const std::string bytes = builder.build();
  EXPECT_EQ(GgufFile::parse("v.gguf", bytes_of(bytes)).metadata().get_integer<int>("n"), 5);
}

TEST(GgufReader, ATypeWithoutKernelsIsListedAndRefusedWithARemedy) {
  const std::string bytes = small_gguf().build();
  const GgufFile file = GgufFile::parse("m.gguf", bytes_of(bytes));
  EXPECT_EQ(file.tensor("c").type->name, "Q6_K");
  EXPECT_EQ(file.tensor("c").bytes.size(), 210U);
  const std::string error = error_of([&] { file.weights("c"); });
  EXPECT_THAT(error, HasSubstr("m.gguf: tensor 'c' is of type Q6_K, which is not supported"));
  EXPECT_THAT(error, HasSubstr("llama-quantize"));
}

TEST(GgufReader, NamesAMissingTensor) {
  const std::string bytes = small_gguf().build();
  const GgufFile file = GgufFile::parse("m.gguf", bytes_of(bytes));
  EXPECT_EQ(error_of([&] { file.tensor("output.weight"); }),
            "m.gguf: tensor 'output.weight' is missing");
}

TEST(GgufReader, OpensAFileAndSurvivesBeingMoved) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "espalier_gguf_reader_test.gguf";
  const std::string bytes = small_gguf().build();
  std::ofstream(path, std::ios::binary) << bytes;
  GgufFile opened = GgufFile::open(path);
  const GgufFile file = std::move(opened);
  std::filesystem::remove(path);
  EXPECT_EQ(file.name(), path.string());
  EXPECT_EQ(file.metadata().get_string("general.architecture"), "llama");
  file.release(file.tensor("a"));
  std::vector<float> row(4);
  const TensorView a = file.weights("a");
  dequantise(a.dtype, a.row(0), row);
  EXPECT_THAT(row, ElementsAre(0.0F, 1.0F, 2.0F, 3.0F));
}

TEST(GgufReader, SaysThatAFileIsNotThere) {
  EXPECT_THROW(GgufFile::open("/nonexistent/model.gguf"), AssetsUnavailable);
}

}  // namespace
}  // namespace espalier::tensor
