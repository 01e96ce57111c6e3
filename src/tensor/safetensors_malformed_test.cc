// Files that break one rule each. Every one must be refused with words that name the fault.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "espalier/error.h"
#include "tensor/safetensors_builder_testing.h"
#include "tensor/safetensors_index.h"
#include "tensor/safetensors_reader.h"

namespace espalier::tensor {
namespace {

using ::testing::HasSubstr;
using testing::le;
using testing::safetensors;
using testing::safetensors_entry;
using ::testing::StartsWith;

struct Malformed {
  std::string name;
  std::string bytes;
  std::string words;  // of the error
};

void PrintTo(const Malformed& file, std::ostream* out) { *out << file.words; }

std::string zeros(std::size_t count) { return std::string(count, '\0'); }

// A file with one tensor's entry, or several.
std::string with(const std::string& entries, std::size_t data_bytes = 0) {
  return safetensors("{" + entries + "}", zeros(data_bytes));
}

std::string entry(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return "\"t\":{\"dtype\":" + std::string(dtype) + ",\"shape\":" + std::string(shape) +
         ",\"data_offsets\":" + std::string(offsets) + "}";
}

std::vector<Malformed> header_cases() {
  const std::string huge = le(~std::uint64_t{0});
  return {
      {"Empty", "", "is empty (truncated download?)"},
      {"HalfALength", "\2\0\0", "the header's length at byte 0 needs 8 bytes but the file ends at"},
      {"LengthAlone", le(std::uint64_t{2}), "the header at byte 8 needs 2 bytes but the file ends"},
      {"LengthAllOnes", huge + "{}", "a header's length of 18,446,744,073,709,551,615; at most"},
      {"LengthWrapsBehindTheLength", le(~std::uint64_t{0} - 7) + "{}", "at most 100,000,000 are"},
      {"LengthJustTooLong", safetensors("{}", "", 100'000'001), "length of 100,000,001"},
      {"LengthBeyondTheFile", safetensors("{}", "", 3), "the header at byte 8 needs 3 bytes"},
      {"LengthTooShort", safetensors("{}", "", 1), "byte 9: unexpected end of input"},
      {"LengthZero", safetensors("", "", 0), "the header at byte 8 starts with ''"},
      {"HeaderIsAList", safetensors("[]"), "the header at byte 8 starts with '['"},
      {"HeaderStartsWithASpace", safetensors(" {}"), "the header at byte 8 starts with ' '"},
      {"HeaderStartsWithAByteOrderMark", safetensors("\xef\xbb\xbf{}"), "starts with '\\xef'"},
      {"HeaderWithGarbageBehindIt", safetensors("{}x"), "byte 10: invalid literal"},
      {"HeaderWithAZeroByteBehindIt", safetensors(std::string("{}\0x", 4)), "byte 10: a zero byte"},
      {"HeaderNotUtf8", safetensors("{\"\xff\":1}"), "byte 10: invalid string: ill-formed UTF-8"},
      {"HeaderNestedTooDeep", safetensors("{\"t\":{\"shape\":[[[[1]]]]}}"), "more than 4 deep"},
      {"HeaderOfOpenBracketsOnly", safetensors("{\"t\":" + std::string(100'000, '[')),
       "(/t/0/0/0): arrays and objects stand more than 4 deep"},
      {"TensorTwice",
       with(safetensors_entry("t", "U8", "1", 0, 1) + "," + safetensors_entry("t", "U8", "1", 1, 2),
            2),
       "the key 't' appears again; it stands at byte 9 already"},
      {"TensorTwiceByAnEscape",
       with(safetensors_entry("t", "U8", "1", 0, 1) + "," +
                safetensors_entry("\\u0074", "U8", "1", 1, 2),
            2),
       "the key 't' appears again"},
      {"Gguf", "GGUF" + zeros(60), "is a GGUF file; its name should end in .gguf"},
      {"LfsPointer", "version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"},
      {"WebPage", "<!DOCTYPE html><html>", "is a web page"},
      {"PytorchCheckpoint", "PK\x03\x04" + zeros(60), "is a zip archive"},
  };
}

std::vector<Malformed> entry_cases() {
  return {
      {"TensorIsANumber", with("\"t\":1"), "(/t): an object is expected, not 1"},
      {"TensorIsNull", with("\"t\":null"), "(/t): an object is expected, not null"},
      {"TensorIsAList", with("\"t\":[]"), "(/t): an object is expected, not an array"},
      {"TensorWithoutAName", with(safetensors_entry("", "U8", "1", 0, 1), 1),
       "(/): the tensor has no name"},
      {"NoDtype", with(R"("t":{"shape":[],"data_offsets":[0,1]})", 1),
       "the key 'dtype' is missing"},
      {"NoShape", with(R"("t":{"dtype":"U8","data_offsets":[0,1]})", 1), "the key 'shape' is"},
      {"NoOffsets", with(R"("t":{"dtype":"U8","shape":[1]})", 1), "the key 'data_offsets' is"},
      {"KeyThatTheFormatLacks",
       with(R"("t":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"strides":[1]})", 1),
       "(/t/strides): 'dtype', 'shape' and 'data_offsets' are all that a tensor may have"},
      {"DtypeUnknown", with(entry("\"Q4_0\"", "[1]", "[0,1]"), 1), "'Q4_0' is no dtype that"},
      {"DtypeInLowerCase", with(entry("\"f32\"", "[1]", "[0,4]"), 4), "'f32' is no dtype that"},
      {"DtypeIsANumber", with(entry("0", "[1]", "[0,1]"), 1), "(/t/dtype): a string is expected"},
      {"DtypeThatCouldSpeakToATerminal", with(entry("\"\\u001b[2J\"", "[1]", "[0,1]"), 1),
       "'\\x1b[2J' is no dtype"},
      {"ShapeIsAString", with(entry("\"U8\"", "\"1\"", "[0,1]"), 1), "an array is expected, not a"},
      {"ShapeIsAnObject", with(entry("\"U8\"", "{}", "[0,1]"), 1),
       "an array is expected, not an o"},
      {"SizeNegative", with(entry("\"U8\"", "[-1]", "[0,1]"), 1), "(/t/shape/0): a whole number"},
      {"SizeFraction", with(entry("\"U8\"", "[1.0]", "[0,1]"), 1), "is expected, not 1.0"},
      {"SizeInExponents", with(entry("\"U8\"", "[1e0]", "[0,1]"), 1), "is expected, not 1e0"},
      {"SizeBeyond64Bits", with(entry("\"U8\"", "[18446744073709551617]", "[0,1]"), 1),
       "is expected, not 18446744073709551617"},
      {"SizeIsAList", with(entry("\"U8\"", "[[1]]", "[0,1]"), 1), "is expected, not an array"},
      {"NineDimensions", with(entry("\"U8\"", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1),
       "the shape has 9 sizes; at most 8 are read"},
      {"ProductWrapsToZero", with(entry("\"U8\"", "[4294967296,4294967296]", "[0,0]")),
       "U8 of shape 4,294,967,296 x 4,294,967,296 are more bits than 64 bits count"},
      {"ProductWrapsToTheByteCount", with(entry("\"U8\"", "[9223372036854775809,2]", "[0,2]"), 2),
       "more bits than 64 bits"},
      {"BitsWrap", with(entry("\"F64\"", "[288230376151711745]", "[0,8]"), 8), "more bits than 64"},
      {"EndsInsideAByte", with(entry("\"F4\"", "[3]", "[0,2]"), 2), "F4 of shape 3 end inside"},
      {"OffsetsAreOne", with(entry("\"U8\"", "[1]", "[1]"), 1), "two offsets are expected, not 1"},
      {"OffsetsAreThree", with(entry("\"U8\"", "[1]", "[0,1,2]"), 1), "are expected, not 3"},
      {"OffsetsAreANumber", with(entry("\"U8\"", "[1]", "1"), 1), "an array is expected, not 1"},
      {"OffsetNegative", with(entry("\"U8\"", "[1]", "[-1,0]"), 1), "(/t/data_offsets/0): a whole"},
      {"OffsetsBackwards", with(entry("\"U8\"", "[1]", "[1,0]"), 1), "begins at 1, behind its end"},
      {"FewerBytesThanTheShapeAsks", with(entry("\"F32\"", "[2]", "[0,7]"), 7),
       "(/t/data_offsets): the offsets 0 to 7 hold 7 bytes, but F32 of shape 2 takes 8"},
      {"MoreBytesThanTheShapeAsks", with(entry("\"F32\"", "[]", "[0,5]"), 5),
       "hold 5 bytes, but F32 of shape a scalar takes 4"},
      {"BytesForAnEmptyTensor", with(entry("\"F32\"", "[0]", "[0,4]"), 4), "takes 0"},
      {"MetadataIsAList", with("\"__metadata__\":[]"), "(/__metadata__): an object is expected"},
      {"MetadataIsNull", with("\"__metadata__\":null"), "(/__metadata__): an object is expected"},
      {"MetadataHoldsANumber", with(R"("__metadata__":{"format":1})"),
       "(/__metadata__/format): a string is expected, not 1"},
      {"MetadataTwice", with(R"("__metadata__":{},"__metadata__":{})"), "appears again"},
  };
}

std::vector<Malformed> range_cases() {
  const auto two = [](std::size_t begin, std::size_t end, std::size_t next_begin,
                      std::size_t next_end, std::size_t data_bytes) {
    return with(safetensors_entry("t", "U8", std::to_string(end - begin), begin, end) + "," +
                    safetensors_entry("u", "U8", std::to_string(next_end - next_begin), next_begin,
                                      next_end),
                data_bytes);
  };
  return {
      {"DataEndsEarly", with(safetensors_entry("t", "F32", "2", 0, 8), 7), "(truncated download?)"},
      {"NoData", with(safetensors_entry("t", "F32", "2", 0, 8)), "tensor 't' ends at byte"},
      {"EndWraps", with(entry("\"U8\"", "[1]", "[18446744073709551614,18446744073709551615]"), 1),
       "it lies beyond what 64 bits count"},
      {"BeginsBehindTheFile", with(entry("\"U8\"", "[1]", "[1000,1001]"), 1),
       "(truncated download?)"},
      {"TensorsShareTheirBytes", two(0, 4, 0, 4, 4), "inside tensor 't', which ends at byte"},
      {"TensorsOverlap", two(0, 4, 3, 5, 5), "tensor 'u' starts at byte"},
      {"TensorsOverlapInTheOtherOrder", two(3, 5, 0, 4, 5), "tensor 't' starts at byte"},
      {"EmptyTensorInsideAnother", two(0, 4, 2, 2, 4), "tensor 'u' starts at byte"},
      {"HoleBetweenTensors", two(0, 4, 5, 6, 6), "1 bytes belong to no tensor"},
      {"HoleInFront", two(2, 4, 4, 6, 6), "the header ends at byte"},
      {"DataBehindTheLastTensor", two(0, 4, 4, 6, 7), "tensor 'u' ends at byte"},
      {"DataWithoutTensors", with("", 4), "4 bytes belong to no tensor"},
      {"OtherFileGluedOn", safetensors("{}") + safetensors("{}"), "10 bytes belong to no tensor"},
  };
}

// JSON texts of an index.
std::vector<Malformed> index_cases() {
  const auto file = [](std::string_view name) {
    return R"({"weight_map":{"t":)" + std::string(name) + "}}";
  };
  const std::string expected = "(/weight_map/t): the name of a file in this folder that ends in";
  std::string files;
  for (int i = 0; i <= 4096; ++i) {
    files += (files.empty() ? "" : ",") + ("\"" + std::to_string(i) + "\":\"") + std::to_string(i) +
             ".safetensors\"";
  }
  return {
      {"Empty", "", "byte 0: unexpected end of input"},
      {"List", "[]", "an object is expected, not an array"},
      {"NoMap", R"({"metadata":{}})", "the key 'weight_map' is missing"},
      {"MapIsAList", R"({"weight_map":[]})", "(/weight_map): an object is expected"},
      {"MapIsEmpty", R"({"weight_map":{}})", "(/weight_map): the map names no tensor"},
      {"MapTwice", R"({"weight_map":{},"weight_map":{}})", "appears again"},
      {"TensorTwice", R"({"weight_map":{"t":"a.safetensors","t":"b.safetensors"}})",
       "the key 't' appears again"},
      {"FileIsANumber", file("1"), "(/weight_map/t): a string is expected, not 1"},
      {"FileIsNull", file("null"), "a string is expected, not null"},
      {"FileWithoutAName", file(R"("")"), expected},
      {"FileIsItsEndingOnly", file(R"(".safetensors")"), expected},
      {"FileOfAnotherKind", file(R"("pytorch_model.bin")"), expected},
      {"FileInAnotherFolder", file(R"("../other/m.safetensors")"), "'../other/m.safetensors'"},
      {"FileAtTheRoot", file(R"("/etc/m.safetensors")"), expected},
      {"FileInASubfolder", file(R"("a/m.safetensors")"), expected},
      {"FileBehindABackslash", file(R"("a\\m.safetensors")"), expected},
      {"FileWithAZeroByte", file(R"("m\u0000.safetensors")"), "'m\\x00.safetensors'"},
      {"FileWithALineBreak", file(R"("m\n.safetensors")"), expected},
      {"TooManyFiles", R"({"weight_map":{)" + files + "}}", "there are more than 4,096 files"},
      {"TruncatedText", R"({"weight_map":{"t":"a.safetensors")", "unexpected end of input"},
  };
}

class SafetensorsMalformed : public ::testing::TestWithParam<Malformed> {};

TEST_P(SafetensorsMalformed, IsRefusedWithWordsThatNameTheFault) {
  const Malformed& file = GetParam();
  // A copy on the heap of just that size: a read past the end is one that ASan sees.
  const std::vector<char> exact(file.bytes.begin(), file.bytes.end());
  try {
    SafetensorsFile::parse("m.safetensors", std::as_bytes(std::span(exact)));
    FAIL() << "was accepted";
  } catch (const InvalidFile& error) {
    EXPECT_THAT(std::string(error.what()), StartsWith("m.safetensors: "));
    EXPECT_THAT(std::string(error.what()), HasSubstr(file.words));
  }
}

class SafetensorsIndexMalformed : public ::testing::TestWithParam<Malformed> {};

TEST_P(SafetensorsIndexMalformed, IsRefusedWithWordsThatNameTheFault) {
  try {
    const auto document = base::JsonDocument::parse("m.index.json", GetParam().bytes);
    read_safetensors_index(document);
    FAIL() << "was accepted";
  } catch (const InvalidFile& error) {
    EXPECT_THAT(std::string(error.what()), StartsWith("m.index.json: byte "));
    EXPECT_THAT(std::string(error.what()), HasSubstr(GetParam().words));
  }
}

TEST(SafetensorsLimits, MoreTensorsOrKeysThanAreReadAreRefused) {
  std::string tensors;
  std::string keys;
  for (int i = 0; i <= 65'536; ++i) {
    const std::string name = std::to_string(i);
    tensors += (i == 0 ? "" : ",") + safetensors_entry(name, "U8", "0", 0, 0);
    if (i <= 1'024) keys += (i == 0 ? "\"" : ",\"") + name + "\":\"\"";
  }
  const auto error_of = [](const std::string& bytes) -> std::string {
    try {
      SafetensorsFile::parse("m", testing::bytes_of(bytes));
    } catch (const InvalidFile& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_THAT(error_of(with(tensors)), HasSubstr("there are 65,537 tensors; at most 65,536"));
  EXPECT_THAT(error_of(with("\"__metadata__\":{" + keys + "}")),
              HasSubstr("(/__metadata__): there are 1,025 keys; at most 1,024 are read"));
}

std::string case_name(const ::testing::TestParamInfo<Malformed>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Header, SafetensorsMalformed, ::testing::ValuesIn(header_cases()),
                         case_name);
INSTANTIATE_TEST_SUITE_P(Entry, SafetensorsMalformed, ::testing::ValuesIn(entry_cases()),
                         case_name);
INSTANTIATE_TEST_SUITE_P(Range, SafetensorsMalformed, ::testing::ValuesIn(range_cases()),
                         case_name);
INSTANTIATE_TEST_SUITE_P(Index, SafetensorsIndexMalformed, ::testing::ValuesIn(index_cases()),
                         case_name);

}  // namespace
}  // namespace espalier::tensor
