// The fuzzer's seeds, and whatever it has found before, as a plain test; what hostile files may
// cost.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/counted_allocation_testing.h"
#include "engine/config_json_exercise_testing.h"

namespace espalier::engine {
namespace {

using espalier::testing::bytes_allocated_by;
using espalier::testing::most_beside_the_file;

const std::filesystem::path corpus = "fuzz/corpus/config_json";  // tests run in the root

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ConfigJsonCorpus, EveryFileIsReadOrRefused) {
  ASSERT_TRUE(std::filesystem::is_directory(corpus)) << "run this test in the repository's root";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    SCOPED_TRACE(entry.path());
    testing::exercise_config_json(read(entry.path()));
    ++files;
  }
  EXPECT_GE(files, 15);
}

// A fuzzer that starts from refusals alone would look at little.
TEST(ConfigJsonCorpus, WholeFilesOfEveryFamilyAreAmongThem) {
  for (const char* family : {"llama", "mistral", "qwen2", "qwen3", "gemma3", "gemma3_parts"}) {
    const std::string name = std::string(family) + ".json";
    EXPECT_NO_THROW(model::read_config(base::JsonDocument::open(corpus / name))) << name;
  }
}

TEST(ConfigJsonCorpus, AnyByteChangedIsReadOrRefused) {
  const std::string text = read(corpus / "gemma3_parts.json");
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const int change : {0x01, 0x08, 0x20}) {
      std::string broken(text);
      broken[at] = static_cast<char>(broken[at] ^ change);
      testing::exercise_config_json(broken);
    }
  }
}

std::string with(const std::string& from, const std::string& to) {
  std::string text = read(corpus / "gemma3_parts.json");
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::size_t bytes_allocated_for(const std::string& file) {
  return bytes_allocated_by([&] { testing::exercise_config_json(file); });
}

TEST(ConfigJsonAllocation, HugeCountsCostNothing) {
  constexpr std::size_t few_kilobytes = 32 * 1024;
  for (const char* huge : {"1099511627776", "18446744073709551615"}) {
    for (const char* said :
         {R"("hidden_size": 64)", R"("num_attention_heads": 4)", R"("num_key_value_heads": 2)",
          R"("head_dim": 16)", R"("num_hidden_layers": 3)", R"("vocab_size": 100)",
          R"("max_position_embeddings": 4096)", R"("intermediate_size": 96)",
          R"("sliding_window": 512)"}) {
      const std::string key(said, std::string(said).find(':') + 2);
      EXPECT_LT(bytes_allocated_for(with(said, key + huge)), few_kilobytes) << key << huge;
    }
  }
}

TEST(ConfigJsonAllocation, AHostileFileCostsItsOwnSizeAndABoundedRest) {
  constexpr std::size_t size = std::size_t{12} << 20;
  const auto filled = [](std::string text, std::string_view piece, std::string_view end) {
    while (text.size() < size) text += piece;
    return text.append(end);
  };
  const std::string layers = with(R"("num_hidden_layers": 3)", R"("num_hidden_layers": 4096)");
  const std::string types = R"("layer_types": [)";
  const std::string files[] = {
      layers,
      filled(R"({"eos_token_id": [)", "0,", "0]}"),
      filled(R"({"eos_token_id": [)", "[],", "0]}"),
      filled(R"({"eos_token_id": [0], "x": [)", "\"0123456789abcdef\",", "0]}"),
      filled(R"({"chat_template": [)", R"({"name": "x", "template": ""},)", "{}]}"),
      filled(R"({"chat_template": ")", "a", "\"}"),
      filled(R"({"bos_token": {"content": ")", "a", "\"}}"),
      filled(with(types, types + R"("full_attention",)"), " ", ""),
      filled(R"({"model_type": "llama", "layer_types": [)", R"("full_attention",)", "0]}"),
  };
  for (const std::string& file : files) {
    EXPECT_LE(bytes_allocated_for(file), file.size() + most_beside_the_file) << file.substr(0, 40);
  }
}

}  // namespace
}  // namespace espalier::engine
