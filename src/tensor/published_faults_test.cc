// Faults that readers of these formats have had published against them, one test for each class:
// a file of that kind is refused with words that name the fault. The numbers are those of the
// first report of the class; what other projects did with such a file is said in a few words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "espalier/error.h"
#include "tensor/gguf_builder_testing.h"
#include "tensor/gguf_reader.h"
#include "tensor/safetensors_builder_testing.h"
#include "tensor/safetensors_reader.h"

namespace espalier::tensor {
namespace {

using testing::array_key;
using testing::bytes_of;
using testing::gguf_string;
using testing::GgufBuilder;
using ::testing::HasSubstr;
using testing::key;
using testing::le;
using testing::safetensors;
using testing::safetensors_entry;
using testing::tensor_entry;

constexpr std::uint64_t two_61 = std::uint64_t{1} << 61;

template <class File>
std::string error_of(const std::string& bytes) {
  // A copy on the heap of just that size: a read past the end is one that ASan sees.
  const std::vector<char> exact(bytes.begin(), bytes.end());
  try {
    File::parse("m", std::as_bytes(std::span(exact)));
  } catch (const InvalidFile& error) {
    return error.what();
  }
  return {};
}

std::string gguf_error(const GgufBuilder& builder) { return error_of<GgufFile>(builder.build()); }

// llama.cpp: more dimensions than the array for them has room.
TEST(PublishedFaults, Cve202421802DimensionsBeyondTheirArray) {
  GgufBuilder file;
  file.tensors = {tensor_entry("t", {1, 1, 1, 1, 1, 1, 1, 1}, 0, 0)};
  EXPECT_THAT(gguf_error(file), HasSubstr("tensor 't' has 8 dimensions"));
}

// llama.cpp: an array's count times its element's size wraps to a small allocation.
TEST(PublishedFaults, Cve202421825ArrayBytesThatWrap) {
  for (const GgufType type : {GgufType::u64, GgufType::string, GgufType::array}) {
    GgufBuilder file;
    file.keys = {array_key("k", type, two_61 + 1, "12345678")};
    EXPECT_THAT(gguf_error(file), HasSubstr("2,305,843,009,213,693,953 elements")) << name(type);
  }
}

// llama.cpp: the tensor count times an entry's size wraps to a small allocation.
TEST(PublishedFaults, Cve202421836TensorCountThatWraps) {
  GgufBuilder file;
  file.tensor_count = two_61;
  EXPECT_THAT(gguf_error(file), HasSubstr("the tensor count at byte 8 is 2,305,843,009,"));
}

// llama.cpp: a string's length plus its final zero wraps to an empty allocation.
TEST(PublishedFaults, Cve202423496StringLengthThatWraps) {
  GgufBuilder file;
  file.keys = {key("k", GgufType::string, le(~std::uint64_t{0}))};
  EXPECT_THAT(gguf_error(file), HasSubstr("needs 18,446,744,073,709,551,615 bytes"));
}

// llama.cpp: the key count times an entry's size wraps to a small allocation.
TEST(PublishedFaults, Cve202423605KeyCountThatWraps) {
  GgufBuilder file;
  file.key_count = two_61;
  EXPECT_THAT(gguf_error(file), HasSubstr("the key count at byte 16 is 2,305,843,009,"));
}

// llama.cpp: after a key that fails, keys that were never read were freed.
TEST(PublishedFaults, Cve202432878AKeyThatFailsAmongOthers) {
  GgufBuilder file;
  file.keys = {key("a", GgufType::u8, "x"), gguf_string("b") + le<std::uint32_t>(99)};
  file.key_count = 40;
  file.data.assign(1'000, '\0');
  EXPECT_THAT(gguf_error(file), HasSubstr("key 'b' has the type 99"));
}

// llama.cpp: tensors without the directory that they stand in.
TEST(PublishedFaults, Cve202441130CountsWithoutEntries) {
  GgufBuilder file;
  file.tensor_count = 1;
  EXPECT_THAT(gguf_error(file), HasSubstr("the tensor count is 1 but the"));
}

// Ollama: a file that is its magic only was read past its end.
TEST(PublishedFaults, Cve202439720AFileOfItsMagicOnly) {
  EXPECT_THAT(error_of<GgufFile>("GGUF"), HasSubstr("the version at byte 4 needs 4 bytes"));
}

// Ollama: an alignment of zero was divided by.
TEST(PublishedFaults, Cve20250317AnAlignmentOfZero) {
  GgufBuilder file;
  file.keys = {key("general.alignment", GgufType::u32, le<std::uint32_t>(0))};
  EXPECT_THAT(gguf_error(file), HasSubstr("key 'general.alignment' is 0"));
}

// llama.cpp: tensors that each fit, but whose sizes together wrap to a small buffer.
TEST(PublishedFaults, Cve202553630TensorSizesWhoseSumWraps) {
  GgufBuilder file;
  constexpr std::uint32_t i8 = 24;
  for (std::uint64_t i = 0; i < 4; ++i) {
    file.tensors.push_back(tensor_entry("t" + std::to_string(i), {2 * two_61}, i8, i * 2 * two_61));
  }
  file.data.assign(256, '\0');
  EXPECT_THAT(gguf_error(file), HasSubstr("tensor 't0' ends at byte 4,611,686,018,427,388,"));
}

// The same classes in a safetensors header; its own reader's audit named the last two, by which one
// file is different models to different readers.
TEST(PublishedFaults, SafetensorsProductThatWraps) {
  EXPECT_THAT(error_of<SafetensorsFile>(safetensors(
                  "{" + safetensors_entry("t", "F32", "4611686018427387905,4", 0, 16) + "}",
                  std::string(16, '\0'))),
              HasSubstr("more bits than 64 bits count"));
}

TEST(PublishedFaults, SafetensorsHeaderLengthThatWraps) {
  EXPECT_THAT(error_of<SafetensorsFile>(le(~std::uint64_t{0} - 7) + "{}"),
              HasSubstr("at most 100,000,000 are allowed"));
}

TEST(PublishedFaults, SafetensorsKeyTwice) {
  const std::string entry = safetensors_entry("t", "U8", "1", 0, 1);
  EXPECT_THAT(error_of<SafetensorsFile>(safetensors("{" + entry + "," + entry + "}", "x")),
              HasSubstr("the key 't' appears again"));
}

TEST(PublishedFaults, SafetensorsBytesThatBelongToNoTensor) {
  EXPECT_THAT(error_of<SafetensorsFile>(safetensors("{}", "PK\x03\x04 another file")),
              HasSubstr("belong to no tensor"));
}

}  // namespace
}  // namespace espalier::tensor
