// What a hostile file may cost in memory.
#include <gtest/gtest.h>

#include "base/counted_allocation_testing.h"
#include "espalier/error.h"
#include "tensor/gguf_builder_testing.h"
#include "tensor/gguf_reader.h"

namespace espalier::tensor {
namespace {

using testing::array;
using testing::array_key;
using testing::bytes_of;
using testing::gguf_string;
using testing::GgufBuilder;
using testing::key;
using testing::tensor_entry;

// All that parsing asks for; refusing the file is as good as reading it.
std::size_t bytes_allocated_for(const std::string& file) {
  return espalier::testing::bytes_allocated_by([&] {
    try {
      GgufFile::parse("m.gguf", bytes_of(file));
    } catch (const InvalidFile&) {
      // Expected of most.
    }
  });
}

constexpr std::size_t few_kilobytes = 16 * 1024;
constexpr std::uint64_t huge = std::uint64_t{1} << 40;

TEST(GgufAllocation, HugeCountsCostNothing) {
  GgufBuilder builder;
  builder.key_count = huge;
  EXPECT_LT(bytes_allocated_for(builder.build()), few_kilobytes);
  builder.key_count = 65'536;
  EXPECT_LT(bytes_allocated_for(builder.build()), few_kilobytes);
  builder.key_count = 0;
  builder.tensor_count = huge;
  EXPECT_LT(bytes_allocated_for(builder.build()), few_kilobytes);
  builder.tensor_count = 0;
  for (const GgufType type : {GgufType::u8, GgufType::string, GgufType::array, GgufType::f64}) {
    builder.key_count.reset();
    builder.keys = {array_key("k", type, huge, "")};
    EXPECT_LT(bytes_allocated_for(builder.build()), few_kilobytes) << name(type);
  }
}

TEST(GgufAllocation, HugeLengthsCostNothing) {
  GgufBuilder builder;
  builder.keys = {key("k", GgufType::string, testing::le(huge))};
  EXPECT_LT(bytes_allocated_for(builder.build()), few_kilobytes);
  builder.keys = {testing::le(huge)};
  EXPECT_LT(bytes_allocated_for(builder.build()), few_kilobytes);
  builder.keys.clear();
  builder.tensors = {tensor_entry("t", {huge}, 0, 0)};
  EXPECT_LT(bytes_allocated_for(builder.build()), few_kilobytes);
}

TEST(GgufAllocation, ArraysAreNotCopiedWhateverTheyHold) {
  std::string strings;
  for (int i = 0; i < 100'000; ++i) strings += gguf_string("");
  std::string arrays;
  for (int i = 0; i < 100'000; ++i) arrays += array(GgufType::u8, 0, "");
  GgufBuilder builder;
  builder.keys = {array_key("strings", GgufType::string, 100'000, strings),
                  array_key("arrays", GgufType::array, 100'000, arrays)};
  EXPECT_LT(bytes_allocated_for(builder.build()), few_kilobytes);
}

TEST(GgufAllocation, TheMostEntriesThatAreReadCostMegabytes) {
  GgufBuilder builder;
  for (int i = 0; i < 65'536; ++i) {
    builder.keys.push_back(key(std::to_string(i), GgufType::u8, "x"));
  }
  // A vector that grows asks for twice what it holds.
  EXPECT_LT(bytes_allocated_for(builder.build()), std::size_t{16} << 20);
}

}  // namespace
}  // namespace espalier::tensor
