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

TEST(GgufReader, EveryTypeWithoutKernelsIsListedAndRefusedByNameWithARemedy) {
  std::vector<std::string> refused;
  for (std::uint32_t tag = 0; tag < 256; ++tag) {
    const GgmlType* type = find_ggml_type(tag);
    if (type == nullptr || type->block_elements == 0) continue;  // refused as the file is opened
    GgufBuilder builder;
    builder.tensors = {tensor_entry("t", {type->block_elements}, tag, 0)};
    builder.data.assign(type->block_bytes, '\0');
    const std::string bytes = builder.build();
    const GgufFile file = GgufFile::parse("m.gguf", bytes_of(bytes));
    EXPECT_EQ(file.tensor("t").bytes.size(), type->block_bytes);
    if (type->dtype) {
      EXPECT_EQ(name(file.weights("t").dtype), type->name);
      continue;
    }
    refused.emplace_back(type->name);
    const std::string error = error_of([&] { file.weights("t"); });
    EXPECT_THAT(error, HasSubstr("m.gguf: tensor 't' is of type " + refused.back() +
                                 ", which is not supported"));
    EXPECT_THAT(error, HasSubstr("Q4_K_M or Q8_0"));
    EXPECT_THAT(error, HasSubstr("llama-quantize --allow-requantize"));
  }
  EXPECT_THAT(refused, ::testing::IsSupersetOf({"IQ2_XXS", "IQ4_NL", "IQ4_XS", "TQ1_0", "TQ2_0",
                                                "MXFP4", "NVFP4", "Q8_K", "I32", "F64"}));
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
