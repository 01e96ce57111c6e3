#include "tensor/safetensors_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder_testing.h"
#include "espalier/error.h"
#include "tensor/safetensors_builder_testing.h"

namespace espalier::tensor {
namespace {

using base::testing::TemporaryFolder;
using ::testing::HasSubstr;
using testing::safetensors;
using testing::safetensors_entry;

constexpr std::string_view index_name = "model.safetensors.index.json";

// One f32 tensor per file.
std::string file_of(std::string_view tensor, float value) {
  return safetensors("{" + safetensors_entry(tensor, "F32", "1", 0, 4) + "}", testing::le(value));
}

std::string index_of(std::string_view map) {
  return R"({"metadata": {"total_size": 8.0}, "weight_map": {)" + std::string(map) + "}}";
}

void write_two_shards(const TemporaryFolder& folder) {
  folder.write("m-1.safetensors", file_of("x", 1.0F));
  folder.write("m-2.safetensors", file_of("y", 2.0F));
}

constexpr std::string_view both = R"("y": "m-2.safetensors", "x": "m-1.safetensors")";

float first_value(TensorView view) {
  float value = 0;
  std::memcpy(&value, view.bytes.data(), sizeof value);
  return value;
}

// What the error says, the folder's path cut out of it.
std::string error_of(const TemporaryFolder& folder) {
  try {
    SafetensorsFolder::open(folder.path());
  } catch (const AssetsUnavailable& error) {
    std::string words = error.what();
    const std::string path = folder.path().string();
    for (std::size_t at; (at = words.find(path + "/")) != std::string::npos;) {
      words.erase(at, path.size() + 1);
    }
    return words;
  }
  return {};
}

TEST(SafetensorsFolder, ReadsTheOneFile) {
  const TemporaryFolder folder;
  folder.write("model.safetensors", testing::small_safetensors());
  const SafetensorsFolder model = SafetensorsFolder::open(folder.path());
  EXPECT_EQ(model.files().size(), 1U);
  EXPECT_EQ(model.tensors().size(), 4U);
  EXPECT_EQ(model.weights("a").rows, 2U);
  EXPECT_EQ(model.name(), folder.path().string());
}

TEST(SafetensorsFolder, ReadsTheShardsThatTheIndexNames) {
  const TemporaryFolder folder;
  write_two_shards(folder);
  folder.write(index_name, index_of(both));
  const SafetensorsFolder model = SafetensorsFolder::open(folder.path());
  ASSERT_EQ(model.files().size(), 2U);
  EXPECT_THAT(model.files()[0].name(), ::testing::EndsWith("m-2.safetensors"));
  EXPECT_EQ(first_value(model.weights("x")), 1.0F);
  EXPECT_EQ(first_value(model.weights("y")), 2.0F);
  model.release(model.tensor("y"));
  EXPECT_EQ(first_value(model.weights("y")), 2.0F);
  EXPECT_EQ(model.find_tensor("z"), nullptr);
  EXPECT_THAT([&] { model.tensor("z"); },
              ::testing::ThrowsMessage<InvalidFile>(HasSubstr("tensor 'z' is missing")));
}

TEST(SafetensorsFolder, TheOneFileGoesBeforeTheIndex) {
  const TemporaryFolder folder;
  write_two_shards(folder);
  folder.write(index_name, index_of(both));
  folder.write("model.safetensors", file_of("z", 3.0F));
  EXPECT_EQ(SafetensorsFolder::open(folder.path()).tensors().size(), 1U);
}

TEST(SafetensorsFolder, AFolderWithoutWeightsSaysWhatItLacks) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of(folder),
              HasSubstr("has neither model.safetensors nor model.safetensors.index.json"));
}

TEST(SafetensorsFolder, IndexAndShardsMustAgree) {
  const TemporaryFolder folder;
  write_two_shards(folder);
  folder.write(index_name, index_of(R"("x": "m-2.safetensors", "y": "m-2.safetensors")"));
  EXPECT_EQ(
      error_of(folder),
      "model.safetensors.index.json: says that tensor 'x' stands in m-2.safetensors, which has"
      " no such tensor");
  folder.write(index_name, index_of(R"("y": "m-1.safetensors", "x": "m-2.safetensors")"));
  EXPECT_EQ(error_of(folder),
            "model.safetensors.index.json: says that tensor 'y' stands in m-1.safetensors, but it"
            " stands in m-2.safetensors");
  folder.write("m-1.safetensors", file_of("y", 1.0F));
  folder.write(index_name, index_of(both));
  EXPECT_EQ(error_of(folder), "m-1.safetensors: tensor 'y' stands in m-2.safetensors too");
  folder.write("m-1.safetensors", safetensors("{" + safetensors_entry("x", "F32", "1", 0, 4) + "," +
                                                  safetensors_entry("more", "F32", "1", 4, 8) + "}",
                                              std::string(8, '\0')));
  EXPECT_EQ(error_of(folder),
            "m-1.safetensors: tensor 'more' is not in the index model.safetensors.index.json");
}

TEST(SafetensorsFolder, AMissingOrBrokenShardIsNamed) {
  const TemporaryFolder folder;
  write_two_shards(folder);
  folder.write(index_name, index_of(both));
  folder.write("m-1.safetensors", file_of("x", 1.0F).substr(0, 40));
  EXPECT_THAT(error_of(folder), ::testing::StartsWith("m-1.safetensors: the header at byte 8"));
  std::filesystem::remove(folder.path() / "m-1.safetensors");
  EXPECT_THAT(error_of(folder), ::testing::StartsWith("m-1.safetensors: cannot be read"));
}

}  // namespace
}  // namespace espalier::tensor
