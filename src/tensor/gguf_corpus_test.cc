// The fuzzer's seeds, and whatever it has found before, as a plain test.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/mapped_file.h"
#include "tensor/gguf_exercise_testing.h"

namespace espalier::tensor {
namespace {

const std::filesystem::path corpus = "fuzz/corpus/gguf";  // tests run in the repository's root

TEST(GgufCorpus, EveryFileIsReadOrRefused) {
  ASSERT_TRUE(std::filesystem::is_directory(corpus)) << "run this test in the repository's root";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    SCOPED_TRACE(entry.path());
    const base::MappedFile file(entry.path());
    testing::exercise_gguf(file.bytes());
    ++files;
  }
  EXPECT_GE(files, 10);
}

TEST(GgufCorpus, FilesWrittenByTheGgufPackageAreAccepted) {
  const GgufFile weights = GgufFile::open(corpus / "weights.gguf");
  ASSERT_EQ(weights.tensors().size(), all_dtypes.size());
  for (const GgufTensor& tensor : weights.tensors()) {
    const TensorView view = weights.weights(tensor);
    EXPECT_EQ(view.rows, 3U) << tensor.name;
    EXPECT_EQ(view.cols, 2 * info(view.dtype).block_elements) << tensor.name;
  }
  EXPECT_EQ(GgufFile::open(corpus / "shapes_aligned_to_64.gguf").tensor("t4").dims, 4U);
  EXPECT_EQ(
      GgufFile::open(corpus / "arrays.gguf").metadata().get_strings("tokenizer.ggml.tokens")[4],
      "Ġb");
  EXPECT_EQ(GgufFile::open(corpus / "numbers.gguf").metadata().get_integer<int>("n.i16"), -1616);
}

}  // namespace
}  // namespace espalier::tensor
