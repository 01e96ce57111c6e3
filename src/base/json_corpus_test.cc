// The fuzzer's seeds, and whatever it has found before, as a plain test; what hostile text may
// cost.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/counted_allocation_testing.h"
#include "base/json_exercise_testing.h"

namespace espalier::base {
namespace {

using espalier::testing::bytes_allocated_by;
using espalier::testing::most_beside_the_file;

TEST(JsonCorpus, EveryFileIsReadOrRefused) {
  const std::filesystem::path corpus = "fuzz/corpus/json";  // tests run in the repository's root
  ASSERT_TRUE(std::filesystem::is_directory(corpus)) << "run this test in the repository's root";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    SCOPED_TRACE(entry.path());
    std::ifstream file(entry.path(), std::ios::binary);
    testing::exercise_json(std::string(std::istreambuf_iterator<char>(file), {}));
    ++files;
  }
  EXPECT_GE(files, 20);
}

TEST(JsonCorpus, AnyByteOfATextChangedIsReadOrRefusedButNeverMore) {
  const std::string text =
      R"({"a": [1, -2.5e3, "x\u00e9\ud83d\ude00\n"], "b": {"c": null, "d": true}})";
  for (std::size_t at = 0; at < text.size(); ++at) {
    testing::exercise_json(text.substr(0, at));
    for (const int change : {0x01, 0x20, 0x80, 0xff}) {
      std::string broken = text;
      broken[at] = static_cast<char>(broken[at] ^ change);
      testing::exercise_json(broken);
    }
  }
}

std::string repeated(std::string_view piece, std::size_t bytes) {
  std::string text = "[";
  while (text.size() < bytes) text += piece;
  return text;
}

// The texts that cost other parsers many times their size.
TEST(JsonCorpus, HostileTextCostsItsOwnSizeAndABoundedRest) {
  constexpr std::size_t size = std::size_t{12} << 20;
  std::string keys = "{";
  for (int i = 0; keys.size() < size; ++i) keys += "\"" + std::to_string(i) + "\":0,";
  const std::string texts[] = {
      repeated("[],", size),   repeated("0,", size),          repeated("{},", size),
      repeated("\"\",", size), repeated("\"\\n\",", size),    keys,
      std::string(size, '['),  "\"" + std::string(size, 'a'), std::string(size, ' '),
      std::string(size, '1'),  std::string(size, ','),
  };
  for (const std::string& text : texts) {
    const std::size_t bytes = bytes_allocated_by(
        [&] { testing::allow_invalid([&] { JsonDocument::parse("c.json", std::string(text)); }); });
    EXPECT_LE(bytes, text.size() + most_beside_the_file) << text.substr(0, 10);
  }
}

}  // namespace
}  // namespace espalier::base
