// Files that break one rule each. Every one must be refused with words that name the fault; among
// them are the classes of faults that other GGUF readers have had published against them
// (CVE-2024-21802, -21825, -21836, -23496, -23605, -25664 … -25668: counts, lengths and products
// taken at their word).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>

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
using ::testing::HasSubstr;
using testing::key;
using testing::le;
using testing::small_gguf;
using ::testing::StartsWith;
using testing::string_key;
using testing::tensor_entry;

constexpr std::uint64_t huge = std::uint64_t{1} << 62;

struct Malformed {
  std::string name;
  std::string bytes;
  std::string words;  // of the error
};

void PrintTo(const Malformed& file, std::ostream* out) { *out << file.words; }

// The small file with one thing changed.
std::string with(const std::function<void(GgufBuilder&)>& change) {
  GgufBuilder builder = small_gguf();
  change(builder);
  return builder.build();
}

std::string with_key(const std::string& entry) {
  return with([&](GgufBuilder& b) { b.keys.push_back(entry); });
}

std::string with_tensors(std::vector<std::string> entries, std::size_t data_bytes) {
  return with([&](GgufBuilder& b) {
    b.tensors = std::move(entries);
    b.data.assign(data_bytes, '\0');
  });
}

std::string with_tensor(const std::string& entry, std::size_t data_bytes = 32) {
  return with_tensors({entry}, data_bytes);
}

std::string alignment(std::uint32_t value) {
  return with_key(key("general.alignment", GgufType::u32, le(value)));
}

std::string nested(int depth) {
  std::string payload = array(GgufType::u8, 0, "");
  for (int i = 1; i < depth; ++i) payload = array(GgufType::array, 1, payload);
  return payload;
}

std::vector<Malformed> header_cases() {
  const auto version = [](std::uint32_t v) { return with([=](GgufBuilder& b) { b.version = v; }); };
  const auto counts = [](std::optional<std::uint64_t> tensors, std::optional<std::uint64_t> keys) {
    return with([=](GgufBuilder& b) {
      b.tensor_count = tensors;
      b.key_count = keys;
    });
  };
  return {
      {"Empty", "", "is empty"},
      {"HalfAMagic", "GG", "the magic at byte 0 needs 4 bytes but the file ends at byte 2"},
      {"OtherMagic", "GGUX" + std::string(60, '\0'),
       "starts with 'GGUX', where 'GGUF' is expected"},
      {"MagicOfControlBytes", "\x1b[2J" + std::string(60, '\0'), "starts with '\\x1b[2J'"},
      {"Ggml", "lmgg" + std::string(60, '\0'), "GGML file from before GGUF"},
      {"Ggjt", "tjgg" + std::string(60, '\0'), "GGJT file from before GGUF"},
      {"LfsPointer", "version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"},
      {"WebPage", "<!DOCTYPE html><html>", "a web page"},
      {"Zip", "PK\x03\x04 and so on", "a zip archive"},
      {"MagicAlone", "GGUF", "the version at byte 4 needs 4 bytes"},
      {"VersionZero", version(0), "GGUF version 0 at byte 4, where 2 or 3 is expected"},
      {"VersionOne", version(1), "GGUF version 1"},
      {"VersionFour", version(4), "GGUF version 4 at byte 4, where 2 or 3 is expected"},
      {"BigEndian", version(0x03000000), "big-endian"},
      {"NoCounts", "GGUF" + le<std::uint32_t>(3), "the tensor count at byte 8 needs 8 bytes"},
      {"NoKeyCount", "GGUF" + le<std::uint32_t>(3) + le<std::uint64_t>(0),
       "the key count at byte 16 needs 8 bytes"},
      {"KeyCountHuge", counts({}, huge), "the key count at byte 16 is 4,611,686,018,427,387,904"},
      {"TensorCountHuge", counts(huge, {}),
       "the tensor count at byte 8 is 4,611,686,018,427,387,904"},
      {"TensorCountAllOnes", counts(~std::uint64_t{0}, {}),
       "the tensor count at byte 8 is 18,446,744,073,709,551,615; at most 65,536 are read"},
      {"KeyCountBeyondTheFile", counts({}, 60'000), "the key count is 60,000 but the"},
      {"TensorCountBeyondTheFile", counts(60'000, {}), "the tensor count is 60,000 but the"},
      {"OneKeyTooFew", counts({}, 17), "tensor 'a.nested' has 9 dimensions"},
      {"OneKeyTooMany", counts({}, 19), "the name of tensor number 1 at byte"},
      {"OneTensorTooFew", counts(2, {}), "bytes belong to no tensor"},
      {"OneTensorTooMany", counts(4, {}), "tensor number 4 at byte"},
  };
}

std::vector<Malformed> key_cases() {
  const std::string count_of = "key 'k' says it has ";
  return {
      {"KeyWithoutAName", with_key(key("", GgufType::u8, "x")), "has no name"},
      {"KeyNameTooLong", with_key(key(std::string(65'536, 'k'), GgufType::u8, "x")),
       "has a name of 65,536 bytes; at most 65,535 are allowed"},
      {"KeyNameLengthHuge", with_key(le(~std::uint64_t{0})),
       "needs 18,446,744,073,709,551,615 bytes but the file ends"},
      {"KeyTypeUnknown", with_key(gguf_string("k") + le<std::uint32_t>(13)),
       "key 'k' has the type 13 at byte"},
      {"KeyTypeAllOnes", with_key(gguf_string("k") + le(~std::uint32_t{0})),
       "key 'k' has the type 4,294,967,295 at byte"},
      {"KeyTwice", with_key(string_key("n.u8", "again")), "key 'n.u8' at byte"},
      {"BooleanTwo", with_key(key("k", GgufType::boolean, "\x02")),
       "key 'k' has the boolean 2 at byte"},
      {"StringLengthHuge", with_key(key("k", GgufType::string, le(huge))),
       "the value of key 'k' at byte"},
      {"StringLengthWraps", with_key(key("k", GgufType::string, le(~std::uint64_t{0} - 7))),
       "needs 18,446,744,073,709,551,608 bytes"},
      {"ArrayElementTypeUnknown",
       with_key(key("k", GgufType::array, le<std::uint32_t>(99) + le<std::uint64_t>(1))),
       "key 'k' has the element type 99 at byte"},
      {"ArrayOfHugeCount", with_key(array_key("k", GgufType::u8, huge, "x")), count_of + "4,611,"},
      {"ArrayWhoseBytesWrap", with_key(array_key("k", GgufType::u64, std::uint64_t{1} << 61, "")),
       count_of + "2,305,843,009,213,693,952 elements of type u64"},
      {"ArrayOfHugeCountOfStrings",
       with_key(array_key("k", GgufType::string, std::uint64_t{1} << 40, "")),
       count_of + "1,099,511,627,776 elements of type string"},
      {"ArrayOfHugeCountOfArrays",
       with_key(array_key("k", GgufType::array, std::uint64_t{1} << 40, "")),
       count_of + "1,099,511,627,776 elements of type array"},
      {"ArrayCountInnerHuge",
       with_key(array_key("k", GgufType::array, 1, array(GgufType::f64, huge, ""))),
       count_of + "4,611,686,018,427,387,904 elements of type f64"},
      {"ArrayStringLengthHuge", with_key(array_key("k", GgufType::string, 1, le(huge))),
       "the strings of key 'k' at byte"},
      {"ArrayBooleanThree", with_key(array_key("k", GgufType::boolean, 3, "\1\3\1")),
       "key 'k' has the boolean 3 at byte"},
      {"ArraysNestedTooDeep", with_key(key("k", GgufType::array, nested(5))),
       "key 'k' nests arrays more than 4 deep"},
      {"KeyNameThatCouldSpeakToATerminal", with_key(key("\x1b[31m", GgufType::boolean, "\x07")),
       "key '\\x1b[31m' has the boolean 7"},
      {"AlignmentZero", alignment(0), "key 'general.alignment' is 0, where a power of two"},
      {"AlignmentSmall", alignment(4), "key 'general.alignment' is 4, where a power of two from 8"},
      {"AlignmentNoPowerOfTwo", alignment(48), "key 'general.alignment' is 48"},
      {"AlignmentAbsurd", alignment(0x80000000U), "key 'general.alignment' is 2,147,483,648"},
      {"AlignmentOfWrongType", with_key(string_key("general.alignment", "32")),
       "key 'general.alignment' holds a string where an integer is expected"},
      {"AlignmentNegative",
       with_key(key("general.alignment", GgufType::i32, le<std::int32_t>(-32))),
       "key 'general.alignment' is -32"},
      {"SplitFile", with_key(key("split.count", GgufType::u16, le<std::uint16_t>(3))),
       "a model split into 3 files"},
      {"SplitCountOfWrongType", with_key(string_key("split.count", "3")),
       "key 'split.count' holds a string"},
  };
}

std::vector<Malformed> tensor_cases() {
  const std::uint64_t two_32 = std::uint64_t{1} << 32;
  return {
      {"TensorWithoutAName", with_tensor(tensor_entry("", {8}, 0, 0)), "tensor number 1 at byte"},
      {"TensorNameTooLong", with_tensor(tensor_entry(std::string(65, 't'), {8}, 0, 0)),
       "has a name of 65 bytes; at most 64 are allowed"},
      {"TensorNameLengthHuge", with_tensor(le(huge) + std::string(40, 't')),
       "the name of tensor number 1 at byte"},
      {"TensorTwice",
       with_tensors({tensor_entry("t", {8}, 0, 0), tensor_entry("t", {8}, 0, 32)}, 64),
       "appears again at byte"},
      {"NoDimensions", with_tensor(tensor_entry("t", {}, 0, 0)), "tensor 't' has 0 dimensions"},
      {"FiveDimensions", with_tensor(tensor_entry("t", {1, 1, 1, 1, 8}, 0, 0)),
       "tensor 't' has 5 dimensions at byte"},
      {"DimensionsAllOnes",
       with_tensor(gguf_string("t") + le(~std::uint32_t{0}) + std::string(32, 'x')),
       "tensor 't' has 4,294,967,295 dimensions"},
      {"SizeZero", with_tensor(tensor_entry("t", {8, 0}, 0, 0)),
       "tensor 't' has the size 0 in dimension 1 at byte"},
      {"ProductWrapsToZero", with_tensor(tensor_entry("t", {two_32, two_32}, 0, 0)),
       "tensor 't' has the shape 4,294,967,296 x 4,294,967,296 at byte"},
      {"ProductWrapsToSmall", with_tensor(tensor_entry("t", {two_32 + 1, two_32 + 1, 8}, 0, 0)),
       "more elements than 64 bits count"},
      {"ByteSizeWraps", with_tensor(tensor_entry("t", {huge}, 0, 0)),
       "more bytes than 64 bits count"},
      {"SizeNegative", with_tensor(tensor_entry("t", {~std::uint64_t{0}}, 24, 0)),
       "18,446,744,073,709,551,615 bytes: it ends beyond"},
      {"TypeUnknown", with_tensor(tensor_entry("t", {8}, 42, 0)),
       "tensor 't' has the type tag 42 at byte"},
      {"TypeAllOnes", with_tensor(tensor_entry("t", {8}, ~std::uint32_t{0}, 0)),
       "tensor 't' has the type tag 4,294,967,295"},
      {"TypeRemoved", with_tensor(tensor_entry("t", {32}, 31, 0)),
       "tensor 't' is of type Q4_0_4_4, which was removed from the format"},
      {"RowCutsABlock", with_tensor(tensor_entry("t", {33}, 2, 0)),
       "tensor 't' has rows of 33 elements, but Q4_0 stores blocks of 32"},
      {"RowShorterThanABlock", with_tensor(tensor_entry("t", {4, 8}, 8, 0)),
       "Q8_0 stores blocks of 32"},
      {"OffsetUnaligned", with_tensor(tensor_entry("t", {4}, 0, 16)),
       "tensor 't' has the offset 16 at byte"},
      {"OffsetBeyondTheFile", with_tensor(tensor_entry("t", {8}, 0, 1024)),
       "(truncated download?)"},
      {"OffsetWraps", with_tensor(tensor_entry("t", {8}, 0, ~std::uint64_t{0} - 31)),
       "tensor 't' has the offset 18,446,744,073,709,551,584 and 32 bytes: it ends beyond"},
      {"DataEndsEarly", with_tensor(tensor_entry("t", {9}, 0, 0)), "tensor 't' ends at byte"},
      {"TensorsShareTheirBytes",
       with_tensors({tensor_entry("t", {8}, 0, 0), tensor_entry("u", {8}, 0, 0)}, 32),
       "tensor 'u' starts at byte"},
      {"TensorsOverlap",
       with_tensors({tensor_entry("u", {8}, 0, 32), tensor_entry("t", {16}, 0, 0)}, 64),
       "inside tensor 't', which ends at byte"},
      {"ShapeSmallerThanItsData",
       with_tensors({tensor_entry("t", {8}, 0, 0), tensor_entry("u", {8}, 0, 64)}, 96),
       "32 bytes belong to no tensor"},
      {"LastShapeSmallerThanItsData", with_tensor(tensor_entry("t", {8}, 0, 0), 96),
       "64 bytes belong to no tensor"},
      {"DataBeforeTheFirstTensor", with_tensor(tensor_entry("t", {8}, 0, 32), 64),
       "the directory ends at byte"},
      {"DataWithoutTensors", with_tensors({}, 64), "64 bytes belong to no tensor"},
  };
}

class GgufMalformed : public ::testing::TestWithParam<Malformed> {};

TEST_P(GgufMalformed, IsRefusedWithWordsThatNameTheFault) {
  const Malformed& file = GetParam();
  // A copy on the heap of just that size: a read past the end is one that ASan sees.
  const std::vector<char> exact(file.bytes.begin(), file.bytes.end());
  try {
    GgufFile::parse("m.gguf", std::as_bytes(std::span(exact)));
    FAIL() << "was accepted";
  } catch (const InvalidFile& error) {
    EXPECT_THAT(std::string(error.what()), StartsWith("m.gguf: "));
    EXPECT_THAT(std::string(error.what()), HasSubstr(file.words));
  }
}

std::string case_name(const ::testing::TestParamInfo<Malformed>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Header, GgufMalformed, ::testing::ValuesIn(header_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Key, GgufMalformed, ::testing::ValuesIn(key_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Tensor, GgufMalformed, ::testing::ValuesIn(tensor_cases()), case_name);

}  // namespace
}  // namespace espalier::tensor
