#include "engine/model_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/temporary_folder_testing.h"
#include "engine/folder_license.h"
#include "espalier/error.h"

namespace espalier::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const fs::path fixtures = "tests/parity/fixtures";

const PartSummary& part(const ModelSummary& model, const std::string& name) {
  for (const PartSummary& part : model.parts) {
    if (part.part == name) return part;
  }
  throw std::out_of_range(name);
}

TEST(ModelSummary, AFolderAndItsGgufFileAreTheSameModel) {
  const ModelSummary folder = summarise(fixtures / "qwen3_f32");
  const ModelSummary file = summarise(fixtures / "qwen3_f32.gguf");
  EXPECT_EQ(folder.format, "Hugging Face folder");
  EXPECT_EQ(file.format, "GGUF version 3");
  EXPECT_EQ(folder.files.size(), 3U);
  EXPECT_EQ(folder.files[2].name, "model-00003-of-00003.safetensors");
  EXPECT_EQ(file.files.size(), 1U);
  EXPECT_EQ(file.bytes(), fs::file_size(fixtures / "qwen3_f32.gguf"));
  EXPECT_GT(folder.bytes(), folder.whole.bytes);
  EXPECT_EQ(folder.whole.parameters, file.whole.parameters);
  for (const char* name : {"embedding", "attention", "ffn", "norms"}) {
    EXPECT_EQ(part(folder, name).parameters, part(file, name).parameters) << name;
    EXPECT_EQ(part(folder, name).tensors, part(file, name).tensors) << name;
  }
  EXPECT_EQ(folder.whole.bits_per_weight(), 32);
  EXPECT_EQ(folder.tokenizer.kind, file.tokenizer.kind);
  EXPECT_EQ(folder.tokenizer.tokens, file.tokenizer.tokens);
  EXPECT_EQ(folder.chat_format, file.chat_format);
  EXPECT_FALSE(folder.chat_format.empty());
  EXPECT_THAT(folder.end_tokens,
              ElementsAre(AllOf(Field(&EndToken::id, 2), Field(&EndToken::text, "<|im_end|>"))));
  EXPECT_THAT(file.end_tokens, ElementsAre(Field(&EndToken::id, 2)));
}

TEST(ModelSummary, LayersAreCountedByWhatTheySeeAndHowTheyTurn) {
  const ModelSummary model = summarise(fixtures / "gemma3_window.gguf");
  EXPECT_THAT(
      model.attention,
      ElementsAre(AllOf(Field(&AttentionSummary::window, 48), Field(&AttentionSummary::layers, 6)),
                  AllOf(Field(&AttentionSummary::window, 0), Field(&AttentionSummary::layers, 1))));
  ASSERT_EQ(model.ropes.size(), 2U);
  EXPECT_EQ(model.ropes[0].base, 1e6F);
  EXPECT_EQ(model.ropes[0].scaling, "linear, factor 8");
  EXPECT_EQ(model.ropes[0].layers, 1U);
  EXPECT_EQ(model.ropes[1].base, 1e4F);
  EXPECT_EQ(model.ropes[1].layers, 6U);
}

TEST(ModelSummary, BitsPerWeightCountTheScales) {
  const ModelSummary model = summarise(fixtures / "width96_q4_0.gguf");
  EXPECT_DOUBLE_EQ(part(model, "attention").bits_per_weight(), 4.5);
  EXPECT_THAT(part(model, "attention").types, ElementsAre("Q4_0"));
  EXPECT_EQ(part(model, "norms").bits_per_weight(), 32);
}

class ModelFolderTest : public ::testing::Test {
 protected:
  ModelFolderTest() { fs::copy(fixtures / "qwen3_f32", folder_.path()); }

  void write(const char* name, const std::string& text) const { folder_.write(name, text); }
  void replace(const char* name, const std::string& from, const std::string& to) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(file), {});
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    write(name, text.replace(at, from.size(), to));
  }
  void expect_refused(const std::string& file, const std::string& why) const {
    EXPECT_THAT([&] { summarise(folder_.path()); },
                ThrowsMessage<AssetsUnavailable>(AllOf(HasSubstr(file), HasSubstr(why))));
  }

  const base::testing::TemporaryFolder folder_;
};

TEST_F(ModelFolderTest, ABrokenShardIsNamed) {
  fs::resize_file(folder_ / "model-00002-of-00003.safetensors", 5000);
  expect_refused("model-00002-of-00003.safetensors", "truncated");
}

TEST_F(ModelFolderTest, AMissingFileIsNamed) {
  fs::remove(folder_ / "model-00003-of-00003.safetensors");
  expect_refused("model-00003-of-00003.safetensors", "No such file");
  fs::remove(folder_ / "tokenizer.json");
  fs::remove(folder_ / "config.json");
  expect_refused("config.json", "No such file");
}

TEST_F(ModelFolderTest, AVocabularyThatIsNotTheTokenizersIsRefused) {
  replace("config.json", R"("vocab_size": 272)", R"("vocab_size": 100)");
  expect_refused("tokenizer.json", "the tokenizer has 272 tokens, the embedding only 100 rows");
}

TEST_F(ModelFolderTest, AnEndOutsideTheVocabularyIsRefused) {
  replace("generation_config.json", R"("eos_token_id": 2)", R"("eos_token_id": [2, 272])");
  expect_refused("generation_config.json", "272 is no token of the model, which has 272");
}

TEST_F(ModelFolderTest, ATemplateThatIsNotKnownIsSaidToBeSo) {
  write("chat_template.jinja", "{{ messages }}");
  const ModelSummary model = summarise(folder_.path());
  EXPECT_EQ(model.chat_format, "");
  EXPECT_FALSE(model.why_no_chat_format.empty());
  EXPECT_THAT(model.end_tokens, ElementsAre(Field(&EndToken::id, 2)));
}

TEST_F(ModelFolderTest, TheLicenceIsTheModelCardsOrAFilesName) {
  EXPECT_EQ(read_folder_license(folder_.path()), "");
  write("LICENSE", "Anyone may …");
  EXPECT_EQ(read_folder_license(folder_.path()), "see LICENSE");
  write("README.md", "A model.\nlicense: none\n");
  EXPECT_EQ(read_folder_license(folder_.path()), "see LICENSE");
  write("README.md", "---\nlanguage: en\nlicense: apache-2.0\n---\nlicense: mit\n");
  EXPECT_EQ(summarise(folder_.path()).license, "apache-2.0");
  write("README.md", "---\r\nlicense: \"other\"\r\nlicense_name: gemma\r\n---\r\n");
  EXPECT_EQ(read_folder_license(folder_.path()), "gemma");
  write("README.md", "---\nlanguage: en\n---\nlicense: mit\n");
  EXPECT_EQ(read_folder_license(folder_.path()), "see LICENSE");
  write("README.md", std::string(1 << 20, '-'));
  EXPECT_EQ(read_folder_license(folder_.path()), "see LICENSE");
}

}  // namespace
}  // namespace espalier::engine
