#include "engine/gguf_vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/checked_math.h"
#include "base/counted_allocation_testing.h"
#include "engine/package_text.h"
#include "espalier/error.h"
#include "tensor/gguf_builder_testing.h"
#include "text/tokenizer.h"
#include "text/vocabulary_testing.h"

namespace espalier::engine {
namespace {

using tensor::GgufType;
using tensor::testing::array_key;
using tensor::testing::bytes_of;
using tensor::testing::gguf_string;
using tensor::testing::GgufBuilder;
using tensor::testing::key;
using tensor::testing::le;
using tensor::testing::string_key;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::string strings_key(std::string_view name, const std::vector<std::string>& texts) {
  std::string elements;
  for (const std::string& text : texts) elements += gguf_string(text);
  return array_key(name, GgufType::string, texts.size(), elements);
}

std::string kinds_key(const std::vector<std::int32_t>& kinds) {
  std::string elements;
  for (const std::int32_t kind : kinds) elements += le(kind);
  return array_key("tokenizer.ggml.token_type", GgufType::i32, kinds.size(), elements);
}

std::string scores_key(const std::vector<float>& scores) {
  std::string elements;
  for (const float score : scores) elements += le(score);
  return array_key("tokenizer.ggml.scores", GgufType::f32, scores.size(), elements);
}

text::VocabularyData read(const std::vector<std::string>& keys) {
  GgufBuilder builder;
  builder.keys = keys;
  const std::string bytes = builder.build();
  return read_vocabulary(tensor::GgufFile::parse("m.gguf", bytes_of(bytes)));
}

std::vector<std::string> sentence_piece_keys() {
  return {string_key("tokenizer.ggml.model", "llama"),
          strings_key("tokenizer.ggml.tokens",
                      {"<unk>", "<s>", "</s>", "<0x0A>", "▁a", "a", "▁", "<start_of_turn>"}),
          kinds_key({2, 3, 3, 6, 1, 1, 1, 4}), scores_key({0, 0, 0, 0, -1, -2, -3, 0})};
}

TEST(GgufVocabulary, SentencePieceIsReadAsLlama2HasIt) {
  const text::Tokenizer tokenizer(read(sentence_piece_keys()));
  EXPECT_THAT(tokenizer.encode("a a\n", {.add_bos = true}), ElementsAre(1, 4, 4, 3));
  EXPECT_TRUE(tokenizer.wants_bos());
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a a\n")), "a a\n");
  EXPECT_EQ(tokenizer.eos(), 2);
}

TEST(GgufVocabulary, GemmaPutsNoSpaceInFront) {
  std::vector<std::string> keys = sentence_piece_keys();
  keys.push_back(key("tokenizer.ggml.add_space_prefix", GgufType::boolean, le<std::uint8_t>(0)));
  keys.push_back(key("tokenizer.ggml.add_bos_token", GgufType::boolean, le<std::uint8_t>(0)));
  const text::Tokenizer tokenizer(read(keys));
  EXPECT_THAT(tokenizer.encode("a a"), ElementsAre(5, 4));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(" a")), " a");
  EXPECT_FALSE(tokenizer.wants_bos());
}

TEST(GgufVocabulary, AChatsMarkersAreControlTokensWhateverTheFileSays) {
  EXPECT_TRUE(text::Tokenizer(read(sentence_piece_keys())).is_special(7));
}

TEST(GgufVocabulary, Llama3TakesWholeWordsAndQwen2Composes) {
  const auto keys = [](const char* pre) {
    return std::vector{string_key("tokenizer.ggml.model", "gpt2"),
                       string_key("tokenizer.ggml.pre", pre),
                       strings_key("tokenizer.ggml.tokens", {"a", "b", "c", "bc", "abc", "ab"}),
                       strings_key("tokenizer.ggml.merges", {"b c", "a b"})};
  };
  EXPECT_THAT(text::Tokenizer(read(keys("llama-bpe"))).encode("abc"), ElementsAre(4));
  EXPECT_THAT(text::Tokenizer(read(keys("gpt2"))).encode("abc"), ElementsAre(0, 3));
  EXPECT_EQ(read(keys("qwen2")).text_rules.size(), 1U);
}

TEST(GgufVocabulary, AnotherKindIsRefusedByName) {
  EXPECT_THAT(
      [] {
        read({string_key("tokenizer.ggml.model", "t5"),
              strings_key("tokenizer.ggml.tokens", {"a"})});
      },
      ThrowsMessage<InvalidFile>(HasSubstr(
          "m.gguf: tokenizer.ggml.model is 't5'; supported are: gpt2 (byte-level BPE), llama")));
}

TEST(GgufVocabulary, ATypeThatIsNoneIsRefused) {
  std::vector<std::string> keys = sentence_piece_keys();
  keys[2] = kinds_key({2, 3, 3, 7, 1, 1, 1, 4});
  EXPECT_THAT([&] { read(keys); },
              ThrowsMessage<InvalidFile>(HasSubstr("token_type holds 7; 1 to 6 was expected")));
}

// Lists and texts of another type, and ids that no token has: the vocabulary's part of what readers
// have had published against them (tensor/published_faults_test.cc has the file format's).
TEST(GgufVocabulary, KeysOfTheWrongTypeAreRefusedByName) {
  const std::vector<std::string> good = {string_key("tokenizer.ggml.model", "gpt2"),
                                         string_key("tokenizer.ggml.pre", "gpt2"),
                                         strings_key("tokenizer.ggml.tokens", {"a", "b", "ab"}),
                                         strings_key("tokenizer.ggml.merges", {"a b"})};
  EXPECT_NO_THROW(read(good));
  const std::string numbers = le<std::int32_t>(0) + le<std::int32_t>(1);
  const auto list = [&](const char* name) { return array_key(name, GgufType::i32, 2, numbers); };
  const auto text = [](const char* name) { return string_key(name, "a b"); };
  const auto number = [](const char* name) {
    return key(name, GgufType::u32, le<std::uint32_t>(1));
  };
  const auto refused = [&](std::size_t at, const std::string& spoilt, const std::string& why) {
    std::vector<std::string> keys = good;
    keys[at] = spoilt;
    EXPECT_THAT([&] { read(keys); },
                ThrowsMessage<InvalidFile>(AllOf(HasSubstr("m.gguf: key "), HasSubstr(why))));
  };
  refused(0, number("tokenizer.ggml.model"), "'tokenizer.ggml.model' holds");
  refused(1, list("tokenizer.ggml.pre"), "'tokenizer.ggml.pre' holds");
  refused(2, list("tokenizer.ggml.tokens"), "'tokenizer.ggml.tokens' holds");
  refused(2, text("tokenizer.ggml.tokens"), "'tokenizer.ggml.tokens' holds");
  refused(3, list("tokenizer.ggml.merges"), "'tokenizer.ggml.merges' holds");
  refused(3, text("tokenizer.ggml.merges"), "'tokenizer.ggml.merges' holds");
  refused(3, number("tokenizer.ggml.merges"), "'tokenizer.ggml.merges' holds");
}

TEST(GgufVocabulary, ATemplateOfTheWrongTypeIsRefusedByName) {
  std::vector<std::string> keys = sentence_piece_keys();
  keys.push_back(strings_key("tokenizer.chat_template", {"{{ messages }}"}));
  GgufBuilder builder;
  builder.keys = keys;
  const std::string bytes = builder.build();
  const auto file = tensor::GgufFile::parse("m.gguf", bytes_of(bytes));
  EXPECT_THAT([&] { read_package_text(file, 8); },
              ThrowsMessage<InvalidFile>(HasSubstr("key 'tokenizer.chat_template' holds")));
}

TEST(GgufVocabulary, IdsThatNoTokenHasAreRefused) {
  for (const char* what : {"bos", "eos", "eot", "unknown", "padding"}) {
    std::vector<std::string> keys = sentence_piece_keys();
    const std::string name = std::string("tokenizer.ggml.").append(what).append("_token_id");
    keys.push_back(key(name, GgufType::u32, le<std::uint32_t>(8)));
    EXPECT_THAT([&] { text::Tokenizer{read(keys)}; },
                ThrowsMessage<InvalidFile>(HasSubstr(" is 8")))
        << what;
    keys.back() = key(name, GgufType::u32, le<std::uint32_t>(0xffffffff));
    EXPECT_THAT([&] { read(keys); }, ThrowsMessage<InvalidFile>(HasSubstr(name))) << what;
  }
}

TEST(GgufVocabulary, AHostileFileCostsItsOwnSizeAndABoundedRest) {
  const auto lists = [](std::size_t count) {
    std::string empty;
    for (std::size_t i = 0; i < count; ++i) empty += gguf_string("");
    GgufBuilder builder;
    builder.keys = {
        string_key("tokenizer.ggml.model", "gpt2"), string_key("tokenizer.ggml.pre", "gpt2"),
        array_key("tokenizer.ggml.tokens", GgufType::string, count, empty),
        array_key("tokenizer.ggml.merges", GgufType::string, count, empty),
        array_key("tokenizer.ggml.token_type", GgufType::u8, count, std::string(count, '\1'))};
    return builder.build();
  };
  for (const std::size_t count : {524'288, 524'289, 1'500'000}) {
    const std::string bytes = lists(count);
    const auto file = tensor::GgufFile::parse("m.gguf", bytes_of(bytes));
    std::string error;
    const std::size_t allocated = espalier::testing::bytes_allocated_by([&] {
      try {
        read_vocabulary(file);
      } catch (const InvalidFile& fault) {
        error = fault.what();
      }
    });
    EXPECT_LE(allocated, bytes.size() + espalier::testing::most_beside_the_file) << count;
    EXPECT_EQ(error.empty(), count == 524'288) << error;
    if (!error.empty()) {
      EXPECT_THAT(error, AllOf(HasSubstr("m.gguf: tokenizer.ggml.tokens has "),
                               HasSubstr(" entries; at most 524,288 are read")));
    }
  }
}

TEST(GgufVocabulary, ScoresOfAnotherNumberThanTokensAreRefused) {
  std::vector<std::string> keys = sentence_piece_keys();
  keys[3] = scores_key({0, 0});
  EXPECT_THAT([&] { text::Tokenizer{read(keys)}; },
              ThrowsMessage<InvalidFile>(HasSubstr("8 tokens, but 2 scores")));
  keys.pop_back();
  EXPECT_THAT([&] { read(keys); }, ThrowsMessage<InvalidFile>(HasSubstr("tokenizer.ggml.scores")));
}

// What a reader makes of the keys that write_vocabulary() writes.
text::VocabularyData written(const text::VocabularyData& data, std::size_t rows) {
  tensor::GgufKeys keys;
  write_vocabulary(data, rows, keys);
  std::string bytes = "GGUF" + le(std::uint32_t{3}) + le(std::uint64_t{0}) + le(keys.count());
  bytes += keys.bytes();
  bytes.resize(base::round_up(bytes.size(), std::size_t{32}));
  return read_vocabulary(tensor::GgufFile::parse("m.gguf", bytes_of(bytes)));
}

TEST(GgufVocabulary, WhatIsWrittenIsRead) {
  for (const auto& [ours, theirs] : {std::pair("gpt2", "gpt-2"),
                                     {"digits+gpt2", "smollm"},
                                     {"llama-bpe", "llama-bpe"},
                                     {"qwen2", "qwen2"}}) {
    auto data = text::vocabulary_of_words({"the", " thing"}, ours);
    data.whole_words = std::string_view(ours) == "llama-bpe";
    if (std::string_view(ours) == "qwen2") data.text_rules = {{text::TextRule::Kind::nfc, "", ""}};
    data.eot = 1;
    data.padding = 0;
    data.add_bos = true;
    const auto read = written(data, data.tokens.size() + 2);
    EXPECT_EQ(read.pre_tokenizer, theirs);
    EXPECT_EQ(read.merges, data.merges);
    EXPECT_EQ(read.tokens.size(), data.tokens.size() + 2);
    EXPECT_EQ(read.tokens.back(), "[PAD" + std::to_string(data.tokens.size() + 1) + "]");
    EXPECT_EQ(read.kinds.back(), text::TokenKind::unused);
    EXPECT_EQ(read.text_rules, data.text_rules);
    EXPECT_EQ(read.whole_words, data.whole_words);
    EXPECT_EQ(read.bos, data.bos);
    EXPECT_EQ(read.eos, data.eos);
    EXPECT_EQ(read.eot, data.eot);
    EXPECT_EQ(read.padding, data.padding);
    EXPECT_TRUE(read.add_bos);
    EXPECT_FALSE(read.add_eos);
  }
}

TEST(GgufVocabulary, SentencePieceThatIsWrittenIsRead) {
  auto data = text::sentence_piece_of_words({" the", "ing"});
  for (const bool prefix : {true, false}) {
    const auto read = written(data, data.tokens.size());
    EXPECT_EQ(read.scores, data.scores);
    EXPECT_EQ(read.kinds, data.kinds);
    EXPECT_EQ(read.text_rules, data.text_rules) << prefix;
    EXPECT_EQ(read.decode, data.decode);
    EXPECT_EQ(read.unknown, data.unknown);
    data.text_rules.erase(data.text_rules.begin());
    data.decode.strip_spaces = 0;
  }
}

TEST(GgufVocabulary, WhatNoKeySaysIsRefusedByName) {
  const auto expect_refused = [](const text::VocabularyData& data, const std::string& why) {
    EXPECT_THAT([&] { written(data, data.tokens.size()); },
                ThrowsMessage<InvalidFile>(HasSubstr("test vocabulary: " + why)));
  };
  const auto bytes = text::vocabulary_of_words({"the"}, "gpt2");
  auto data = bytes;
  data.pre_tokenizer = "digit-runs+qwen2";
  expect_refused(data, "its pre_tokenizer is 'digit-runs+qwen2'");
  data = bytes;
  data.text_rules = {{text::TextRule::Kind::nfkc, "", ""}};
  expect_refused(data, "its normalizer is its own");
  data = bytes;
  data.prefix = text::PrefixRule{" ", false};
  expect_refused(data, "it puts a prefix in front of texts");
  data = bytes;
  data.whole_words = true;
  expect_refused(data, "its ignore_merges is not the usual one");
  data = bytes;
  data.use_unknown = true;
  expect_refused(data, "its unk_token is not the usual one");
  data = bytes;
  data.added = {{.token = 1, .strip_left = true}};
  expect_refused(data, "the added token '<|im_start|>' is normalized or strips white space");
  data = text::sentence_piece_of_words({"a"});
  data.decode.strip_spaces = 0;
  expect_refused(data, "its decoder is its own");
  data.pre_tokenizer = "metaspace";
  expect_refused(data, "its pre_tokenizer splits texts");
}

}  // namespace
}  // namespace espalier::engine
