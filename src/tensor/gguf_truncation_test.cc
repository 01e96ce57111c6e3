// A download that broke off: a valid file cut anywhere is refused as one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

// Large enough for a directory and data of many such steps (framework/real_model_test.cc cuts a
// real model).
TEST(GgufTruncation, ALargeFileCutAtEvery64KiBIsRefusedAsTruncated) {
  testing::GgufBuilder builder;
  std::string tokens;
  for (int i = 0; i < 20'000; ++i) tokens += testing::gguf_string(std::to_string(i));
  builder.keys = {testing::array_key("tokens", GgufType::string, 20'000, tokens)};
  builder.tensors = {testing::tensor_entry("t", {1024, 4096}, 0, 0)};
  builder.data.assign(std::size_t{1024} * 4096 * 4, 'x');
  const std::string file = builder.build();
  ASSERT_EQ(error_of(bytes_of(file)), "");
  constexpr std::size_t step = 64 * 1024;
  for (std::size_t size = 0; size < file.size(); size += step) {
    ASSERT_THAT(error_of(bytes_of(file).first(size)), ::testing::HasSubstr("truncated"))
        << "cut at " << size;
  }
}

}  // namespace
}  // namespace espalier::tensor
