#include "text/tokenizer_json_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "espalier/error.h"
#include "text/tokenizer.h"
#include "text/tokenizer_config.h"
#include "text/tokenizer_json_testing.h"
#include "text/vocabulary_testing.h"

namespace espalier::text {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const std::vector<std::string> texts = {"",
                                        " ",
                                        "the thing is 12345 and don't",
                                        "<|im_start|>user\nhi<|im_end|>",
                                        "<s>a</s> <unk>",
                                        "é e\u0301 日本 \xff\xfe",
                                        "  \t\r\n\n x"};

// The same tokens and the same texts of them, by way of a tokenizer.json.
void expect_same(const VocabularyData& data) {
  SCOPED_TRACE(data.pre_tokenizer);
  VocabularyData read = testing::read_json(write_tokenizer_json(data));
  read_tokenizer_config(
      base::JsonDocument::parse("tokenizer_config.json", write_tokenizer_config(data, "", 100)),
      read);
  EXPECT_EQ(read.bos, data.bos);
  EXPECT_EQ(read.eos, data.eos);
  EXPECT_EQ(read.add_bos, data.add_bos);
  EXPECT_EQ(read.add_eos, data.add_eos);
  EXPECT_EQ(read.whole_words, data.whole_words);
  const Tokenizer is(read), was(data);
  for (const std::string& text : texts) {
    for (const bool special : {true, false}) {
      const auto ids = was.encode(text, {.recognise_special = special});
      EXPECT_EQ(is.encode(text, {.recognise_special = special}), ids) << text;
      EXPECT_EQ(is.decode_bytes(ids), was.decode_bytes(ids)) << text;
    }
  }
}

TEST(TokenizerJsonWriter, ByteLevelOfEveryPreTokenizer) {
  for (const char* name : {"gpt2", "smollm", "llama-bpe", "qwen2", "gpt-2", "llama3", "digits",
                           "digit-runs+qwen2", "whole"}) {
    VocabularyData data = vocabulary_of_words({"the", " thing", "don", " 12", "日"}, name);
    expect_same(data);
    data.whole_words = data.add_bos = data.add_eos = true;
    expect_same(data);
  }
}

TEST(TokenizerJsonWriter, RulesOfTextsAndAddedTokens) {
  VocabularyData data = vocabulary_of_words({"the"}, "qwen2");
  data.text_rules = {{TextRule::Kind::nfc, "", ""}};
  data.tokens.insert(data.tokens.end(), {"<tool>", "  strip", "日本"});
  data.kinds.insert(data.kinds.end(), 3, TokenKind::user_defined);
  data.added = {{.token = static_cast<TokenId>(data.tokens.size() - 2),
                 .normalised = true,
                 .strip_left = true,
                 .strip_right = true}};
  expect_same(data);
}

TEST(TokenizerJsonWriter, SentencePieceWithAndWithoutItsSpace) {
  VocabularyData data = sentence_piece_of_words({" the", "ing", " thing", "é"});
  expect_same(data);
  data.text_rules.erase(data.text_rules.begin());
  data.decode.strip_spaces = 0;
  expect_same(data);
}

TEST(TokenizerJsonWriter, TokensThatOnlyFillUpAreLeftOut) {
  VocabularyData data = vocabulary_of_words({"the"}, "gpt2");
  const std::size_t used = data.tokens.size();
  for (const char* token : {"[PAD0]", "[PAD1]"}) data.tokens.emplace_back(token);
  data.kinds.resize(data.tokens.size(), TokenKind::unused);
  EXPECT_EQ(testing::read_json(write_tokenizer_json(data)).tokens.size(), used);
  data.padding = static_cast<TokenId>(used);
  EXPECT_EQ(testing::read_json(write_tokenizer_json(data)).tokens.size(), used + 1);
}

TEST(TokenizerJsonWriter, WhatItDoesNotSayIsNamed) {
  const auto expect_refused = [](const VocabularyData& data, const std::string& why) {
    EXPECT_THAT([&] { write_tokenizer_json(data); },
                ThrowsMessage<InvalidFile>(HasSubstr("test vocabulary: " + why)));
  };
  VocabularyData data = vocabulary_of_words({"the"}, "gpt2");
  data.tokens[0] = "\xff";
  expect_refused(data, "a token of it is not UTF-8");
  data = vocabulary_of_words({"the"}, "metaspace");
  expect_refused(data, "its pre-tokenizer is 'metaspace'");
  data.prefix = PrefixRule{" ", false};
  expect_refused(data, "it puts a prefix in front of texts");
  data = sentence_piece_of_words({"a"});
  data.decode.first_token_has_no_space = true;
  expect_refused(data, "its first token has no space");
}

}  // namespace
}  // namespace espalier::text
