#include "text/tokenizer_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>

#include "base/temporary_folder_testing.h"
#include "text/tokenizer_config.h"
#include "text/tokenizer_json_testing.h"

namespace espalier::text {
namespace {

using ::testing::AllOf;
using testing::byte_level_json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::read_json;
using testing::sentence_piece_json;
using ::testing::ThrowsMessage;

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string made(text);
  made.replace(made.find(from), from.size(), to);
  return made;
}

TEST(TokenizerJson, AByteLevelFileEncodesAndDecodes) {
  const Tokenizer tokenizer(read_json(byte_level_json));
  EXPECT_THAT(tokenizer.encode("abc ab<s>", {.add_bos = true}), ElementsAre(6, 5, 3, 4, 6));
  EXPECT_TRUE(tokenizer.wants_bos());
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("abc ab")), "abc ab");
}

TEST(TokenizerJson, WordsThatAreTokensStandBeforeMergesWhereTheFileIgnoresThem) {
  const std::string merged_last = replaced(byte_level_json, R"(["ab", "c"])", R"(["b", "c"])");
  const std::string with_bc = replaced(merged_last, R"("abc": 5})", R"("abc": 5, "bc": 8})");
  EXPECT_THAT(Tokenizer(read_json(with_bc)).encode("abc"), ElementsAre(4, 2));
  const std::string ignoring =
      replaced(with_bc, R"("ignore_merges": false)", R"("ignore_merges": true)");
  EXPECT_THAT(Tokenizer(read_json(ignoring)).encode("abc"), ElementsAre(5));
}

TEST(TokenizerJson, ASentencePieceFileFallsBackToBytesAndUnknown) {
  const Tokenizer tokenizer(read_json(sentence_piece_json));
  EXPECT_THAT(tokenizer.encode("a éb"), ElementsAre(7, 4, 2, 3, 6));
  EXPECT_THAT(tokenizer.encode("xyb"), ElementsAre(4, 0, 6));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a é a")), "a é a");
  EXPECT_EQ(tokenizer.decode_bytes(tokenizer.encode(" a")), " a");
}

TEST(TokenizerJson, ATokenThatStripsTakesTheWhiteSpaceBeforeIt) {
  const Tokenizer tokenizer(read_json(sentence_piece_json));
  EXPECT_THAT(tokenizer.encode("a \u3000<mask> a"), ElementsAre(7, 1, 4, 7));
}

TEST(TokenizerJson, ANormalizedTokenIsFoundBehindTheNormalizer) {
  const std::string decomposed =
      replaced(byte_level_json, R"("content": "<tool>")", R"("content": "e\u0301")");
  const Tokenizer tokenizer(read_json(decomposed));
  EXPECT_THAT(tokenizer.encode("a\u00e9b"), ElementsAre(0, 7, 1));
}

TEST(TokenizerJson, MetaspacePutsItsMarkOnlyInFrontOfTheTextWhereItSaysFirst) {
  std::string text = replaced(sentence_piece_json, R"("pre_tokenizer": null)",
                              R"("pre_tokenizer": {"type": "Metaspace", "replacement": "▁",
                                  "prepend_scheme": "first", "split": false})");
  text.replace(text.find(R"({"type": "Prepend", "prepend": "▁"},)"),
               std::string_view(R"({"type": "Prepend", "prepend": "▁"},)").size(), "");
  const Tokenizer tokenizer(read_json(text));
  EXPECT_THAT(tokenizer.encode("a<mask>a"), ElementsAre(7, 1, 5));
  EXPECT_THAT(tokenizer.encode("a", {.place = TextPlace::after_token}), ElementsAre(5));
}

TEST(TokenizerJson, AMarkOfAChatIsNeverText) {
  const std::string text = replaced(byte_level_json, "<tool>", "<start_of_turn>");
  const Tokenizer tokenizer(
      read_json(replaced(text, R"("normalized": true)", R"("normalized": false)")));
  EXPECT_TRUE(tokenizer.is_special(7));
}

class TokenizerFolder : public ::testing::Test {
 protected:
  TokenizerFolder() { write("tokenizer.json", byte_level_json); }

  void write(const char* name, std::string_view text) const { folder_.write(name, text); }

  const base::testing::TemporaryFolder folder_;
};

TEST_F(TokenizerFolder, TheConfigurationNamesTokensAndTheTemplate) {
  write("tokenizer_config.json", R"({"eos_token": {"content": "<s>"}, "pad_token": "c",
      "add_bos_token": false, "chat_template": [{"name": "tool", "template": "T"},
                                                {"name": "default", "template": "D"}]})");
  const FolderTokenizer read = read_tokenizer_folder(folder_.path());
  EXPECT_EQ(read.vocabulary.eos, 6);
  EXPECT_EQ(read.vocabulary.padding, 2);
  EXPECT_FALSE(read.vocabulary.add_bos);
  EXPECT_EQ(read.chat_template, "D");
  write("chat_template.jinja", "J");
  EXPECT_EQ(read_tokenizer_folder(folder_.path()).chat_template, "J");
}

TEST_F(TokenizerFolder, ATokenThatTheVocabularyLacksIsNamedWithItsPlace) {
  write("tokenizer_config.json", R"({"bos_token": "<bos>"})");
  EXPECT_THAT(
      [&] { read_tokenizer_folder(folder_.path()); },
      ThrowsMessage<InvalidFile>(HasSubstr("(/bos_token): '<bos>' is not in the vocabulary")));
}

TEST_F(TokenizerFolder, MembersOfTheWrongTypeAreNamedWithTheirPlace) {
  const std::pair<const char*, const char*> faults[] = {
      {R"([])", "an object is expected, not an array"},
      {R"({"bos_token": 1})", "(/bos_token): a string is expected, not 1"},
      {R"({"bos_token": ["<s>"]})", "(/bos_token): a string is expected, not an array"},
      {R"({"eos_token": {"id": 6}})", "(/eos_token): the key 'content' is missing"},
      {R"({"pad_token": {"content": 6}})", "(/pad_token/content): a string is expected, not 6"},
      {R"({"add_bos_token": "yes"})", "(/add_bos_token): a boolean is expected, not a string"},
      {R"({"add_eos_token": 1})", "(/add_eos_token): a boolean is expected, not 1"},
      {R"({"chat_template": 1})", "(/chat_template): a string is expected, not 1"},
      {R"({"chat_template": {"default": ""}})", "(/chat_template): a string is expected, not an o"},
      {R"({"chat_template": ["{{ x }}"]})", "(/chat_template/0): an object is expected, not a str"},
      {R"({"chat_template": [{"name": "default"}]})", "the key 'template' is missing"},
      {R"({"chat_template": [{"name": "default", "template": []}]})",
       "(/chat_template/0/template): a string is expected, not an array"},
      {R"({"add_bos_token": true, "add_bos_token": false})", "'add_bos_token' appears again"},
  };
  for (const auto& [text, why] : faults) {
    write("tokenizer_config.json", text);
    EXPECT_THAT([&] { read_tokenizer_folder(folder_.path()); },
                ThrowsMessage<InvalidFile>(
                    AllOf(HasSubstr("tokenizer_config.json: byte "), HasSubstr(std::string(why)))))
        << text;
  }
}

TEST_F(TokenizerFolder, AFolderWithoutATokenizerIsAnError) {
  std::filesystem::remove(folder_ / "tokenizer.json");
  EXPECT_THROW(read_tokenizer_folder(folder_.path()), AssetsUnavailable);
}

}  // namespace
}  // namespace espalier::text
