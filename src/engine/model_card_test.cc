#include "engine/model_card.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace espalier::engine {
namespace {

class ModelCardTest : public ::testing::Test {
 protected:
  ModelCardTest() {
    std::string name = (std::filesystem::temp_directory_path() / "card_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
  }
  ~ModelCardTest() override { std::filesystem::remove_all(folder_); }

  ModelCard read(const std::string& text) const {
    std::ofstream(folder_ / "README.md", std::ios::binary) << text;
    return read_model_card(folder_);
  }

  std::filesystem::path folder_;
};

TEST_F(ModelCardTest, WhatIsWrittenIsRead) {
  for (const std::string word : {"apache-2.0", "a: \"b\" # c", "two\nlines", "日本", ""}) {
    const ModelCard card = read(write_model_card({.name = word, .license = word}, "m.gguf"));
    EXPECT_EQ(card.name, word);
    EXPECT_EQ(card.license, word);
  }
}

TEST_F(ModelCardTest, PublishedHeadsAreUnderstood) {
  const ModelCard card = read(
      "---\r\nlibrary_name: transformers\r\nlicense: apache-2.0\r\nlanguage:\r\n- en\r\n---\r\n"
      "license: no\r\n");
  EXPECT_EQ(card.license, "apache-2.0");
  EXPECT_EQ(card.name, "");
  EXPECT_EQ(read("---\nlicense: 'other'\n---\n").license, "other");
}

TEST_F(ModelCardTest, LanguagesAreOneOrAList) {
  using Tags = std::vector<std::string>;
  EXPECT_EQ(read("---\nlanguage: en\n---\n").languages, Tags({"en"}));
  EXPECT_EQ(read("---\nlanguage: [en, 'pt-BR']\n---\n").languages, Tags({"en", "pt-BR"}));
  EXPECT_EQ(read("---\r\nlanguage:\r\n- en\r\n- \"no\"\r\nlicense: mit\r\n- xx\r\n---\r\n- de\r\n")
                .languages,
            Tags({"en", "no"}));
  for (const char* text : {"", "---\nlanguages: en\n---\n", "---\nlanguage: [en\n---\n",
                           "---\nlicense: mit\n- en\n---\n", "---\nlanguage:\n---\n- en\n"}) {
    EXPECT_EQ(read(text).languages, Tags()) << text;
  }
}

TEST_F(ModelCardTest, WhatIsNotUnderstoodCountsAsNotSaid) {
  EXPECT_EQ(read_model_card(folder_).license, "");
  for (const char* text :
       {"", "# title\nlicense: mit\n", "---\nlicense:\n- mit\n- other\n", "---\nlicense: [mit]\n",
        "---\nlicense: \"mit\n", "---\n licence: x\n"}) {
    EXPECT_EQ(read(text).license, "") << text;
  }
}

}  // namespace
}  // namespace espalier::engine
