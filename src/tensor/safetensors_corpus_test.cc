// The fuzzer's seeds, and whatever it has found before, as a plain test.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/mapped_file.h"
#include "tensor/safetensors_exercise_testing.h"

namespace espalier::tensor {
namespace {

const std::filesystem::path corpus = "fuzz/corpus/safetensors";  // tests run in the root

TEST(SafetensorsCorpus, EveryFileIsReadOrRefused) {
  ASSERT_TRUE(std::filesystem::is_directory(corpus)) << "run this test in the repository's root";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    SCOPED_TRACE(entry.path());
    const base::MappedFile file(entry.path());
    testing::exercise_safetensors(file.bytes());
    ++files;
  }
  EXPECT_GE(files, 12);
}

TEST(SafetensorsCorpus, FilesWrittenByTheSafetensorsPackageAreAccepted) {
  const SafetensorsFile types = SafetensorsFile::open(corpus / "types.safetensors");
  EXPECT_EQ(types.tensors().size(), 18U);
  const SafetensorsFile shapes = SafetensorsFile::open(corpus / "shapes.safetensors");
  EXPECT_EQ(shapes.tensor("scalar").dims, 0U);
  EXPECT_EQ(shapes.tensor("empty").bytes.size(), 0U);
  EXPECT_EQ(shapes.tensor("t4").dims, 4U);
  EXPECT_EQ(SafetensorsFile::open(corpus / "metadata.safetensors").find_metadata("format"), "np");
}

}  // namespace
}  // namespace espalier::tensor
