#include "engine/model_package.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "base/temporary_folder_testing.h"
#include "engine/end_tokens.h"
#include "espalier/error.h"

namespace espalier::engine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

// The fixture that has its tokenizer in both forms.
const std::filesystem::path fixture = "tests/parity/fixtures/qwen3_f32";

class ModelPackageTest : public ::testing::Test {
 protected:
  void write(const char* name, const std::string& text) const { folder_.write(name, text); }
  void expect_refused(const std::string& file, const std::string& why) const {
    EXPECT_THAT([&] { read_end_tokens(folder_.path(), 100); },
                ThrowsMessage<InvalidFile>(AllOf(HasSubstr(file), HasSubstr(why))));
  }

  const base::testing::TemporaryFolder folder_;
};

TEST_F(ModelPackageTest, AFolderIsTheSameModelAsItsGgufFile) {
  const ModelPackage folder = load_package(fixture, 1);
  const ModelPackage file = load_package(fixture.string() + ".gguf", 1);
  EXPECT_EQ(folder.model->config.vocabulary, file.model->config.vocabulary);
  EXPECT_EQ(folder.model->config.name, "qwen3_f32");
  EXPECT_EQ(folder.chat_template, file.chat_template);
  EXPECT_FALSE(folder.chat_template.empty());
  EXPECT_THAT(folder.end_tokens, ElementsAre(2));
  EXPECT_EQ(folder.tokenizer->eos(), file.tokenizer->eos());
  EXPECT_EQ(folder.tokenizer->wants_bos(), file.tokenizer->wants_bos());
  for (const char* text :
       {"the end and the sand", "<|im_start|>user\nHéllo, 1234!<|im_end|>", " "}) {
    EXPECT_EQ(folder.tokenizer->encode(text), file.tokenizer->encode(text)) << text;
    EXPECT_EQ(load_tokenizer(fixture)->encode(text), file.tokenizer->encode(text)) << text;
  }
}

TEST_F(ModelPackageTest, AFolderWithoutATokenizerIsRefused) {
  EXPECT_THAT([] { load_package("tests/parity/fixtures/llama3_scaled", 1); },
              ThrowsMessage<AssetsUnavailable>(HasSubstr("tokenizer.json")));
}

TEST_F(ModelPackageTest, GenerationSettingsGoBeforeTheConfiguration) {
  write("config.json", "{}");
  EXPECT_THAT(read_end_tokens(folder_.path(), 100), IsEmpty());
  write("config.json", R"({"eos_token_id": 2})");
  EXPECT_THAT(read_end_tokens(folder_.path(), 100), ElementsAre(2));
  write("generation_config.json", R"({"eos_token_id": null})");
  EXPECT_THAT(read_end_tokens(folder_.path(), 100), ElementsAre(2));
  write("generation_config.json", R"({"eos_token_id": [7, 9]})");
  EXPECT_THAT(read_end_tokens(folder_.path(), 100), ElementsAre(7, 9));
}

TEST_F(ModelPackageTest, AnEndThatIsNoTokenIsNamedWithItsPlace) {
  write("config.json", R"({"eos_token_id": 100})");
  expect_refused("config.json", "100 is no token of the model, which has 100");
  write("generation_config.json", R"({"eos_token_id": [1, -1]})");
  expect_refused("generation_config.json", "/eos_token_id/1");
  for (const auto& [ids, why] :
       {std::pair(R"("two")", "not a string"), std::pair("1.5", "not 1.5"),
        std::pair("true", "not a boolean"), std::pair("{}", "not an object"),
        std::pair("2147483648", "not 2147483648")}) {
    write("generation_config.json", std::string(R"({"eos_token_id": )") + ids + "}");
    expect_refused("generation_config.json", std::string("(/eos_token_id): a whole number"));
    expect_refused("generation_config.json", why);
  }
  write("generation_config.json", R"({"eos_token_id": [2, [3]]})");
  expect_refused("generation_config.json", "(/eos_token_id/1): a whole number");
  write("generation_config.json", R"({"eos_token_id": 2, "eos_token_id": 3})");
  expect_refused("generation_config.json", "the key 'eos_token_id' appears again");
  write("generation_config.json", R"([2])");
  expect_refused("generation_config.json", "an object is expected, not an array");
}

}  // namespace
}  // namespace espalier::engine
