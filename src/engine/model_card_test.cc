#include "engine/model_card.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/temporary_folder_testing.h"

namespace espalier::engine {
namespace {

class ModelCardTest : public ::testing::Test {
 protected:
  ModelCard read(const std::string& text) const {
    folder_.write("README.md", text);
    return read_model_card(folder_.path());
  }

  const base::testing::TemporaryFolder folder_;
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
  EXPECT_EQ(read_model_card(folder_.path()).license, "");
  for (const char* text :
       {"", "# title\nlicense: mit\n", "---\nlicense:\n- mit\n- other\n", "---\nlicense: [mit]\n",
        "---\nlicense: \"mit\n", "---\n licence: x\n"}) {
    EXPECT_EQ(read(text).license, "") << text;
  }
}

}  // namespace
}  // namespace espalier::engine
