#include "tensor/safetensors_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder_testing.h"
#include "espalier/error.h"
#include "tensor/dequantise.h"
#include "tensor/safetensors_builder_testing.h"

namespace espalier::tensor {
namespace {

using testing::bytes_of;
using ::testing::ElementsAre;
using testing::safetensors;
using testing::safetensors_entry;
using testing::small_safetensors;
using ::testing::ThrowsMessage;

TEST(SafetensorsReader, ListsTensorsInTheHeadersOrderWithShapeTypeAndPlace) {
  const std::string bytes = small_safetensors();
  const SafetensorsFile file = SafetensorsFile::parse("m.safetensors", bytes_of(bytes));
  EXPECT_EQ(file.name(), "m.safetensors");
  EXPECT_EQ(file.size(), bytes.size());
  ASSERT_EQ(file.tensors().size(), 4U);
  EXPECT_EQ(file.tensors()[0].name, "b");
  const SafetensorsTensor& a = file.tensor("a");
  EXPECT_EQ(a.type->name, "F32");
  EXPECT_THAT(a.sizes(), ElementsAre(2, 3));
  EXPECT_EQ(a.rows(), 2U);
  EXPECT_EQ(a.cols(), 3U);
  EXPECT_EQ(a.offset, bytes.size() - 40);
  EXPECT_EQ(a.bytes.data(), bytes_of(bytes).data() + a.offset);
  EXPECT_EQ(a.bytes.size(), 24U);
  EXPECT_EQ(file.find_tensor("absent"), nullptr);
  EXPECT_THAT([&] { file.tensor("absent"); },
              ThrowsMessage<InvalidFile>("m.safetensors: tensor 'absent' is missing"));
}

TEST(SafetensorsReader, ReadsMetadata) {
  const std::string bytes = small_safetensors();
  const SafetensorsFile file = SafetensorsFile::parse("m", bytes_of(bytes));
  ASSERT_EQ(file.metadata().size(), 2U);
  EXPECT_EQ(file.find_metadata("format"), "pt");
  EXPECT_EQ(file.find_metadata("licence"), "");
  EXPECT_EQ(file.find_metadata("absent"), std::nullopt);
}

TEST(SafetensorsReader, WeightsAreRowsOfTheLastDimension) {
  const std::string bytes = small_safetensors();
  const SafetensorsFile file = SafetensorsFile::parse("m", bytes_of(bytes));
  const TensorView a = file.weights("a");
  EXPECT_EQ(a.dtype, DType::f32);
  std::vector<float> row(3);
  dequantise(a.dtype, a.row(1), row);
  EXPECT_THAT(row, ElementsAre(3.0F, 4.0F, 5.0F));
  const TensorView b = file.weights("b");
  EXPECT_EQ(b.rows, 1U);
  EXPECT_EQ(b.cols, 4U);
  const std::string cube =
      safetensors("{" + safetensors_entry("t", "F32", "2,3,4", 0, 96) + "}", std::string(96, '\0'));
  const TensorView t = SafetensorsFile::parse("m", bytes_of(cube)).weights("t");
  EXPECT_EQ(t.rows, 6U);
  EXPECT_EQ(t.cols, 4U);
}

TEST(SafetensorsReader, ATypeWithoutKernelsIsListedAndRefusedByNameWhenComputedWith) {
  const std::string bytes = small_safetensors();
  const SafetensorsFile file = SafetensorsFile::parse("m", bytes_of(bytes));
  EXPECT_EQ(file.tensor("c").dims, 0U);
  EXPECT_EQ(file.tensor("c").bytes.size(), 8U);
  EXPECT_EQ(file.tensor("d").bytes.size(), 0U);
  EXPECT_THAT(
      [&] { file.weights("c"); },
      ThrowsMessage<InvalidFile>(::testing::HasSubstr(
          "m: tensor 'c' is of type I64, which is not supported; get the model as F32 or")));
  const std::string empty = safetensors("{" + safetensors_entry("t", "F32", "0,4", 0, 0) + "}");
  EXPECT_THAT([&] { SafetensorsFile::parse("m", bytes_of(empty)).weights("t"); },
              ThrowsMessage<InvalidFile>("m: tensor 't' has the shape 0 x 4: no elements"));
}

TEST(SafetensorsReader, EveryTypeOfTheFormatIsKnownWithItsSize) {
  for (const SafetensorsType& type : safetensors_types()) {
    const std::string bytes =
        safetensors("{" + safetensors_entry("t", type.name, "8", 0, type.bits) + "}",
                    std::string(type.bits, '\0'));
    const SafetensorsFile file = SafetensorsFile::parse("m", bytes_of(bytes));
    EXPECT_EQ(file.tensor("t").type, find_safetensors_type(type.name));
    if (type.dtype) {
      EXPECT_EQ(find_safetensors_type(*type.dtype), &type);
      EXPECT_EQ(row_bytes(*type.dtype, 8), type.bits);
      EXPECT_EQ(file.weights("t").bytes.size(), type.bits);
    }
  }
  EXPECT_EQ(safetensors_types().size(), 22U);
  EXPECT_EQ(find_safetensors_type(DType::q8_0), nullptr);
}

TEST(SafetensorsReader, OpensAFileAndKeepsItsBytesWhenMoved) {
  const base::testing::TemporaryFolder folder;
  folder.write("m.safetensors", small_safetensors());
  SafetensorsFile first = SafetensorsFile::open(folder.path() / "m.safetensors");
  const SafetensorsFile file = std::move(first);
  const TensorView a = file.weights("a");
  file.release(file.tensor("a"));
  std::vector<float> row(3);
  dequantise(a.dtype, a.row(0), row);
  EXPECT_THAT(row, ElementsAre(0.0F, 1.0F, 2.0F));
  EXPECT_THAT([&] { SafetensorsFile::open(folder.path() / "absent"); },
              ThrowsMessage<AssetsUnavailable>(::testing::HasSubstr("cannot be read")));
}

TEST(SafetensorsReader, AFileWithoutTensorsIsWhole) {
  const std::string bytes = safetensors("{}");
  EXPECT_TRUE(SafetensorsFile::parse("m", bytes_of(bytes)).tensors().empty());
}

}  // namespace
}  // namespace espalier::tensor
