#include "text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "espalier/error.h"
#include "text/stream_decoder.h"
#include "text/utf8.h"
#include "text/vocabulary_testing.h"

namespace espalier::text {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

VocabularyData sample_vocabulary() {
  return vocabulary_of_words({" the", "the", " and", " world", "Hello", "é", "😀", "  "}, "smollm");
}

const Tokenizer& sample_tokenizer() {
  static const Tokenizer tokenizer(sample_vocabulary());
  return tokenizer;
}

std::string bytes_of(const Tokenizer& tokenizer, std::span<const TokenId> ids) {
  std::string bytes;
  for (const TokenId id : ids) bytes += tokenizer.token_bytes(id);
  return bytes;
}

// Strings that hold what the tokenizer treats apart, with any bytes in between.
rc::Gen<std::string> texts() {
  const auto piece = rc::gen::oneOf(
      rc::gen::element<std::string>(" the", "Hello", "é", "😀", "  ", "42", "<|im_end|>", "<|im",
                                    "'ll", "\n", "\u00a0", "한국어", "\xF0\x9F", "\xFF"),
      rc::gen::arbitrary<std::string>());
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                      [](const std::vector<std::string>& pieces) {
                        std::string text;
                        for (const std::string& part : pieces) text += part;
                        return text;
                      });
}

RC_GTEST_PROP(Tokenizer, AnyBytesSurviveAsTokens, ()) {
  const std::string text = *texts();
  for (const bool special : {true, false}) {
    const auto ids = sample_tokenizer().encode(text, {.recognise_special = special});
    RC_ASSERT(bytes_of(sample_tokenizer(), ids) == text);
    if (is_valid_utf8(text)) {
      RC_ASSERT(sample_tokenizer().decode(ids, {.include_special = true}) == text);
    }
  }
}

RC_GTEST_PROP(Tokenizer, UnrecognisedSpecialTextMakesNoSpecialToken, ()) {
  for (const TokenId id : sample_tokenizer().encode(*texts(), {.recognise_special = false})) {
    RC_ASSERT(!sample_tokenizer().is_special(id));
  }
}

RC_GTEST_PROP(StreamDecoder, StreamingEqualsWhole, ()) {
  const auto ids = *rc::gen::container<std::vector<TokenId>>(
      rc::gen::inRange(0, static_cast<TokenId>(sample_tokenizer().vocabulary_size())));
  for (const bool special : {true, false}) {
    StreamDecoder decoder(sample_tokenizer(), {.include_special = special});
    std::string streamed;
    for (const TokenId id : ids) {
      const std::string piece = decoder.push(id);
      RC_ASSERT(is_valid_utf8(piece));
      streamed += piece;
    }
    streamed += decoder.finish();
    RC_ASSERT(streamed == sample_tokenizer().decode(ids, {.include_special = special}));
    RC_ASSERT(decoder.finish().empty());
  }
}

TEST(StreamDecoder, AnEmojiComesWholeWithItsLastByte) {
  StreamDecoder decoder(sample_tokenizer());
  const auto byte = [](unsigned value) { return static_cast<TokenId>(3 + value); };
  EXPECT_EQ(decoder.push(byte(0xF0)), "");
  EXPECT_EQ(decoder.push(byte(0x9F)), "");
  EXPECT_EQ(decoder.push(byte(0x98)), "");
  EXPECT_EQ(decoder.push(byte(0x80)), "😀");
  EXPECT_EQ(decoder.push(byte(0xE2)), "");
  EXPECT_EQ(decoder.push(byte('!')), "\uFFFD!");
}

TEST(Tokenizer, WordsOfTheVocabularyAreOneToken) {
  const auto ids = sample_tokenizer().encode("Hello the world");
  ASSERT_EQ(ids.size(), 3U);
  EXPECT_EQ(sample_tokenizer().token_bytes(ids[2]), " world");
}

TEST(Tokenizer, SpecialTokensAreFoundLeftmostAndLongest) {
  VocabularyData data = sample_vocabulary();
  const auto first = static_cast<TokenId>(data.tokens.size());
  data.tokens.insert(data.tokens.end(), {"<a", "<a>", "a>b"});
  data.kinds.insert(data.kinds.end(), 3, TokenKind::control);
  const Tokenizer tokenizer(data);
  EXPECT_THAT(tokenizer.encode("<a>b"), ElementsAre(first + 1, 3 + 'b'));
  EXPECT_THAT(tokenizer.encode("<aa>b"), ElementsAre(first, first + 2));
}

TEST(Tokenizer, UserDefinedTokensAreTextAndAlwaysRecognised) {
  VocabularyData data = sample_vocabulary();
  const auto tool = static_cast<TokenId>(data.tokens.size());
  data.tokens.emplace_back("<tool>");
  data.kinds.push_back(TokenKind::user_defined);
  const Tokenizer tokenizer(data);
  EXPECT_THAT(tokenizer.encode("<tool>", {.recognise_special = false}), ElementsAre(tool));
  EXPECT_FALSE(tokenizer.is_special(tool));
  EXPECT_EQ(tokenizer.decode(std::vector{tool}), "<tool>");
}

TEST(Tokenizer, DecodingLeavesSpecialTokensOutUnlessAsked) {
  const auto ids = sample_tokenizer().encode("<|im_start|>Hello<|im_end|>");
  EXPECT_EQ(sample_tokenizer().decode(ids), "Hello");
  EXPECT_EQ(sample_tokenizer().decode(ids, {.include_special = true}),
            "<|im_start|>Hello<|im_end|>");
}

TEST(Tokenizer, BosComesFirstWhereItIsAskedFor) {
  EXPECT_THAT(sample_tokenizer().encode("a", {.add_bos = true}), ElementsAre(1, 3 + 'a'));
  VocabularyData data = sample_vocabulary();
  data.bos.reset();
  EXPECT_THROW(Tokenizer(data).encode("a", {.add_bos = true}), InvalidArgument);
}

TEST(Tokenizer, BytesThatTheVocabularyLacksAreDroppedAndNamed) {
  VocabularyData data = sample_vocabulary();
  data.tokens[3 + 0x04] = "renamed";
  const Tokenizer tokenizer(data);
  const std::string text = "a\x04<|im_end|>\x04";
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), "a");
  EXPECT_THAT(tokenizer.dropped_bytes(text), ElementsAre(DroppedByte{1, 4}, DroppedByte{12, 4}));
  EXPECT_TRUE(tokenizer.missing_bytes()[4]);
  EXPECT_EQ(tokenizer.missing_bytes().count(), 1U);
  EXPECT_THAT(sample_tokenizer().dropped_bytes(text), ElementsAre());
}

TEST(Tokenizer, IdsOutsideTheVocabularyAreRefused) {
  const auto size = static_cast<TokenId>(sample_tokenizer().vocabulary_size());
  for (const TokenId id : {-1, size}) {
    EXPECT_THROW(static_cast<void>(sample_tokenizer().token_bytes(id)), InvalidArgument);
    EXPECT_THROW(static_cast<void>(sample_tokenizer().is_special(id)), InvalidArgument);
    EXPECT_THROW(sample_tokenizer().decode(std::vector{id}), InvalidArgument);
  }
}

TEST(Tokenizer, AMegabyteOfOneLetterIsEncodedInReasonableTime) {
  // Half a million merges in one word: looking for each from the front would take hours.
  const Tokenizer tokenizer(vocabulary_of_words({"aa"}, "smollm"));
  const std::string text(1 << 20, 'a');
  EXPECT_EQ(tokenizer.encode(text).size(), text.size() / 2);
}

TEST(Tokenizer, ThreadsShareOneTokenizer) {
  const std::string text = "Hello the world and the 42 worlds";
  const auto expected = sample_tokenizer().encode(text);
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  threads.reserve(wrong.size());
  for (int& count : wrong) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) count += sample_tokenizer().encode(text) != expected;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, ElementsAre(0, 0, 0, 0));
}

struct Fault {
  const char* name;
  std::function<void(VocabularyData&)> make;
  const char* message;
};

class BadVocabulary : public testing::TestWithParam<Fault> {};

TEST_P(BadVocabulary, IsAnErrorThatNamesFileAndFault) {
  VocabularyData data = sample_vocabulary();
  GetParam().make(data);
  EXPECT_THAT([&] { Tokenizer{data}; },
              ThrowsMessage<InvalidFile>(
                  AllOf(HasSubstr("test vocabulary: "), HasSubstr(GetParam().message))));
}

INSTANTIATE_TEST_SUITE_P(
    Tokenizer, BadVocabulary,
    testing::Values(
        Fault{"Empty", [](auto& d) { d.tokens.clear(); }, "has no tokens"},
        Fault{"DuplicateToken", [](auto& d) { d.tokens[9] = d.tokens[5]; },
              "tokens 5 and 9 are both '\u0102'"},
        Fault{"TokenThatCouldSpeakToATerminal",
              [](auto& d) { d.tokens[9] = d.tokens[5] = "\x1B[2J\u009B2J\xFF\u00A0"; },
              "are both '\\x1B[2J\\xC2\\x9B2J\\xFF\u00A0'"},
        Fault{"KindsOfAnotherLength", [](auto& d) { d.kinds.pop_back(); }, "token types"},
        Fault{"KindOutOfRange", [](auto& d) { d.kinds[7] = static_cast<TokenKind>(9); },
              "token 7 has type 9"},
        Fault{"MergeWithoutSpace", [](auto& d) { d.merges[1] = "ab"; }, "merge 1 is 'ab', not two"},
        Fault{"MergeWithTwoSpaces", [](auto& d) { d.merges[0] = "a b c"; }, "merge 0 is 'a b c'"},
        Fault{"MergeWithoutRight", [](auto& d) { d.merges[0] = "a "; }, "merge 0 is 'a ', not two"},
        Fault{"MergeOfUnknownPart", [](auto& d) { d.merges[0] = "h zz"; }, "'zz' is not in the"},
        Fault{"MergeMakesControlToken",
              [](auto& d) {
                d.tokens[0] = "ab";
                d.merges[0] = "a b";
              },
              "makes 'ab', which is a special token"},
        Fault{"BosOutOfRange", [](auto& d) { d.bos = 1'000'000; }, "the BOS token is 1000000"},
        Fault{"NegativeEos", [](auto& d) { d.eos = -1; }, "the EOS token is -1"},
        Fault{"BosWantedButNotNamed",
              [](auto& d) {
                d.add_bos = true;
                d.bos.reset();
              },
              "names none"},
        Fault{"UnknownPreTokenizer", [](auto& d) { d.pre_tokenizer = "klingon"; },
              "'klingon' is not known; known are gpt2, smollm, "},
        Fault{"ByteTokenThatIsNone", [](auto& d) { d.kinds[5] = TokenKind::byte; },
              "not like <0x0A>"},
        Fault{"EndlessSpecialToken", [](auto& d) { d.tokens[0] = std::string(5000, '<'); },
              "5000 bytes long"}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace espalier::text
