// The fuzzer's seeds, and whatever it has found before, as a plain test; what hostile files may
// cost.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/counted_allocation_testing.h"
#include "text/tokenizer_json_testing.h"

namespace espalier::text {
namespace {

using espalier::testing::bytes_allocated_by;
using espalier::testing::most_beside_the_file;

TEST(TokenizerJsonCorpus, EveryFileIsReadOrRefused) {
  const std::filesystem::path corpus = "fuzz/corpus/tokenizer_json";  // tests run in the root
  ASSERT_TRUE(std::filesystem::is_directory(corpus)) << "run this test in the repository's root";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    SCOPED_TRACE(entry.path());
    std::ifstream file(entry.path(), std::ios::binary);
    testing::exercise_tokenizer_json(std::string(std::istreambuf_iterator<char>(file), {}));
    ++files;
  }
  EXPECT_GE(files, 10);
}

TEST(TokenizerJsonCorpus, AnyByteChangedIsReadOrRefused) {
  for (const std::string_view text : {testing::byte_level_json, testing::sentence_piece_json}) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      for (const int change : {0x01, 0x20}) {
        std::string broken(text);
        broken[at] = static_cast<char>(broken[at] ^ change);
        testing::exercise_tokenizer_json(broken);
      }
    }
  }
}

constexpr std::size_t hostile_size = std::size_t{12} << 20;

std::string with_vocabulary(std::string_view tokens, std::string_view merges) {
  return fmt::format(R"({{"normalizer": null, "pre_tokenizer": null, "post_processor": null,
    "decoder": {{"type": "Fuse"}}, "model": {{"type": "BPE", "vocab": {{{}}}, "merges": [{}]}}}})",
                     tokens, merges);
}

std::string numbered_tokens(std::size_t bytes, std::size_t width) {
  std::string tokens = "\"a\":0";
  for (int i = 1; tokens.size() < bytes; ++i) {
    tokens += fmt::format(",\"{:{}}\":{}", i, width, i);
  }
  return tokens;
}

std::string repeated(std::string_view piece, std::size_t bytes) {
  std::string text(piece);
  while (text.size() < bytes) text.append(",").append(piece);
  return text;
}

TEST(TokenizerJsonCorpus, ALargeFileCutAtEvery64KiBIsRefused) {
  std::string whole(testing::byte_level_json);
  std::string tokens;
  for (int i = 8; tokens.size() < (std::size_t{3} << 20); ++i)
    tokens += fmt::format(", \"x{0}\": {0}", i);
  const std::string_view last = "\"abc\": 5";
  whole.insert(whole.find(last) + last.size(), tokens);
  ASSERT_NO_THROW(testing::read_json(whole));
  for (std::size_t size = 0; size < whole.size(); size += 64 * 1024) {
    EXPECT_THROW(testing::read_json(std::string_view(whole).substr(0, size)), InvalidFile) << size;
  }
}

TEST(TokenizerJsonCorpus, AHostileFileCostsItsOwnSizeAndABoundedRest) {
  const std::string files[] = {
      with_vocabulary(numbered_tokens(hostile_size, 1), ""),
      with_vocabulary(numbered_tokens(hostile_size, 500), ""),
      with_vocabulary(numbered_tokens(hostile_size / 2, 1), ""),
      with_vocabulary(numbered_tokens(hostile_size / 2, 1), repeated("\"a a\"", hostile_size / 2)),
      with_vocabulary("\"a\":0", repeated("\"a a\"", hostile_size)),
      with_vocabulary("\"a\":0,\"aa\":1", repeated("[\"a\",\"a\"]", hostile_size)),
      with_vocabulary("\"a\":0", repeated("[]", hostile_size)),
      with_vocabulary(fmt::format("\"{}\":0", std::string(hostile_size, 'a')), ""),
  };
  for (const std::string& file : files) {
    const std::size_t bytes = bytes_allocated_by([&] {
      try {
        testing::read_json(file);
      } catch (const InvalidFile&) {
        // Most are.
      }
    });
    EXPECT_LE(bytes, file.size() + most_beside_the_file) << file.substr(100, 160);
  }
}

}  // namespace
}  // namespace espalier::text
