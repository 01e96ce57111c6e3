// A download that broke off: a valid file cut anywhere is refused as one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/mapped_file.h"
#include "espalier/error.h"
#include "tensor/gguf_builder_testing.h"
#include "tensor/gguf_exercise_testing.h"

namespace espalier::tensor {
namespace {

using testing::bytes_of;
using testing::small_gguf;

// Empty where the bytes are accepted.
std::string error_of(std::span<const std::byte> bytes) {
  try {
    GgufFile::parse("m.gguf", bytes);
  } catch (const InvalidFile& error) {
    return error.what();
  }
  return {};
}

TEST(GgufTruncation, ASmallFileCutAtAnyByteIsRefusedAsTruncated) {
  const std::string file = small_gguf().build();
  // Behind the last tensor there is padding; without it the file is whole.
  const std::size_t padding = 14;
  for (std::size_t size = 0; size < file.size() - padding; ++size) {
    const std::vector<char> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_THAT(error_of(std::as_bytes(std::span(cut))), ::testing::HasSubstr("truncated"))
        << "cut at " << size;
  }
  for (std::size_t size = file.size() - padding; size <= file.size(); ++size) {
    EXPECT_EQ(error_of(bytes_of(file).first(size)), "") << "cut at " << size;
  }
}

TEST(GgufTruncation, ASmallFileWithAnyByteChangedIsReadOrRefusedButNeverMore) {
  const std::string file = small_gguf().build();
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (const int change : {0x01, 0x80, 0xff}) {
      std::vector<char> broken(file.begin(), file.end());
      broken[at] = static_cast<char>(broken[at] ^ change);
      testing::exercise_gguf(std::as_bytes(std::span(broken)));
    }
  }
}

std::filesystem::path real_model() {
  if (const char* path = std::getenv("ESPALIER_MODEL"); path != nullptr && *path != '\0') {
    return path;
  }
  std::filesystem::path folder;
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0') {
    folder = data;
  } else if (const char* home = std::getenv("HOME"); home != nullptr) {
    folder = std::filesystem::path(home) / ".local/share";
  }
  std::error_code absent;
  for (const auto& entry :
       std::filesystem::directory_iterator(folder / "espalier/models", absent)) {
    if (entry.path().extension() == ".gguf") return entry.path();
  }
  return {};
}

TEST(GgufTruncation, ARealModelCutAtEvery64KiBIsRefusedAsTruncated) {
  const std::filesystem::path path = real_model();
  if (path.empty()) {
    ASSERT_NE(std::getenv("ESPALIER_SKIP_REAL_MODEL"), nullptr)
        << "no model: set ESPALIER_MODEL or run build/release/bin/espalier model install";
    GTEST_SKIP() << "ESPALIER_SKIP_REAL_MODEL is set, and no real model is here";
  }
  const base::MappedFile file(path);
  ASSERT_EQ(error_of(file.bytes()), "");
  constexpr std::size_t step = 64 * 1024;
  for (std::size_t size = 0; size + step < file.bytes().size(); size += step) {
    ASSERT_THAT(error_of(file.bytes().first(size)), ::testing::HasSubstr("truncated"))
        << path << " cut at " << size;
  }
}

}  // namespace
}  // namespace espalier::tensor
