// A download that broke off, and what a hostile file may cost in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/counted_allocation_testing.h"
#include "base/mapped_file.h"
#include "base/temporary_folder_testing.h"
#include "espalier/error.h"
#include "tensor/safetensors_builder_testing.h"
#include "tensor/safetensors_exercise_testing.h"
#include "tensor/safetensors_writer.h"

namespace espalier::tensor {
namespace {

using espalier::testing::bytes_allocated_by;
using espalier::testing::most_beside_the_file;
using testing::bytes_of;
using testing::safetensors;
using testing::safetensors_entry;
using testing::small_safetensors;

// Empty where the bytes are accepted.
std::string error_of(std::span<const std::byte> bytes) {
  try {
    SafetensorsFile::parse("m", bytes);
  } catch (const InvalidFile& error) {
    return error.what();
  }
  return {};
}

TEST(SafetensorsTruncation, ASmallFileCutAtAnyByteIsRefusedAsTruncated) {
  const std::string file = small_safetensors();
  ASSERT_EQ(error_of(bytes_of(file)), "");
  for (std::size_t size = 0; size < file.size(); ++size) {
    const std::vector<char> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_THAT(error_of(std::as_bytes(std::span(cut))), ::testing::HasSubstr("truncated"))
        << "cut at " << size;
  }
}

TEST(SafetensorsTruncation, ALargeFileCutAtEvery64KiBIsRefusedAsTruncated) {
  const base::testing::TemporaryFolder folder;
  std::vector<SafetensorsEntry> entries;
  for (int i = 0; i < 2'000; ++i) {  // a header of more than 64 KiB
    entries.push_back({"layer." + std::to_string(i), find_safetensors_type(DType::f16), {16, 320}});
  }
  SafetensorsWriter writer(folder.path() / "m", std::move(entries));
  const std::string tensor(10'240, 'x');
  for (std::size_t i = 0; i < writer.entries().size(); ++i) writer.write(bytes_of(tensor));
  writer.finish();
  const base::MappedFile file(folder.path() / "m");
  ASSERT_EQ(error_of(file.bytes()), "");
  constexpr std::size_t step = 64 * 1024;
  ASSERT_GT(file.bytes().size(), 300 * step);
  for (std::size_t size = 0; size < file.bytes().size(); size += step) {
    ASSERT_THAT(error_of(file.bytes().first(size)), ::testing::HasSubstr("truncated"))
        << "cut at " << size;
  }
}

TEST(SafetensorsTruncation, ASmallFileWithAnyByteChangedIsReadOrRefusedButNeverMore) {
  const std::string file = small_safetensors();
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (const int change : {0x01, 0x10, 0x80, 0xff}) {
      std::vector<char> broken(file.begin(), file.end());
      broken[at] = static_cast<char>(broken[at] ^ change);
      testing::exercise_safetensors(std::as_bytes(std::span(broken)));
    }
  }
}

std::size_t bytes_allocated_for(const std::string& file) {
  return bytes_allocated_by([&] { (void)error_of(bytes_of(file)); });
}

TEST(SafetensorsAllocation, HugeCountsCostNothing) {
  constexpr std::size_t few_kilobytes = 16 * 1024;
  for (const std::uint64_t length : {std::uint64_t{100'000'000}, ~std::uint64_t{0}}) {
    EXPECT_LT(bytes_allocated_for(safetensors("{}", "", length)), few_kilobytes);
  }
  for (const char* shape : {"1099511627776", "1000000,1000000,1000000", "0,1099511627776"}) {
    const std::string file = safetensors(
        "{" + safetensors_entry("t", "F32", shape, 0, std::size_t{1} << 42) + "}", "data");
    EXPECT_LT(bytes_allocated_for(file), few_kilobytes) << shape;
  }
}

TEST(SafetensorsAllocation, AHostileHeaderCostsItsOwnSizeAndABoundedRest) {
  constexpr std::size_t size = std::size_t{12} << 20;
  const auto filled = [](std::string header, std::string_view piece) {
    while (header.size() < size) header += piece;
    return safetensors(header + "0]}");
  };
  std::string tensors = "{\"__metadata__\":{}";
  for (int i = 0; i < 65'535; ++i) {
    tensors += "," + safetensors_entry(std::to_string(i), "U8", "0,0,0,0,0,0,0,0", 0, 0);
  }
  const std::string files[] = {filled("{\"t\":[", "0,"), filled("{\"t\":[", "[],"),
                               filled("{\"t\":[", "{},"), filled("{\"t\":[", "\"\","),
                               safetensors(tensors + "}")};
  ASSERT_EQ(error_of(bytes_of(files[4])), "");
  for (const std::string& file : files) {
    EXPECT_LE(bytes_allocated_for(file), file.size() + most_beside_the_file) << file.substr(8, 12);
  }
}

}  // namespace
}  // namespace espalier::tensor
