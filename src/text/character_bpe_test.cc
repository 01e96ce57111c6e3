#include "text/character_bpe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "text/stream_decoder.h"
#include "text/tokenizer.h"
#include "text/utf8.h"
#include "text/vocabulary_testing.h"

namespace espalier::text {
namespace {

using ::testing::ElementsAre;

constexpr TokenId first_byte = 3;  // of sentence_piece_of_words

TokenId byte(unsigned value) { return first_byte + static_cast<TokenId>(value); }

const Tokenizer& tokenizer() {
  static const Tokenizer made(sentence_piece_of_words({" the", "the", " 한국", "  "}));
  return made;
}

TEST(CharacterBpe, TheHighestScoreIsMergedFirst) {
  VocabularyData data = sentence_piece_of_words({"ab", "bc", "abc"});
  const auto id = [&](std::string_view token) {
    return static_cast<TokenId>(std::ranges::find(data.tokens, token) - data.tokens.begin());
  };
  const TokenId mark = id(space_mark);
  EXPECT_THAT(Tokenizer(data).encode("abc"), ElementsAre(mark, id("abc")));
  data.scores[id("abc")] = -1000.0F;
  std::swap(data.scores[id("ab")], data.scores[id("bc")]);
  EXPECT_THAT(Tokenizer(data).encode("xabc"), ElementsAre(mark, byte('x'), id("abc")));
  data.scores[id("abc")] = -1e9F;
  EXPECT_THAT(Tokenizer(data).encode("bcab"), ElementsAre(mark, id("bc"), id("ab")));
}

TEST(CharacterBpe, CharactersWithoutATokenAreTheirBytes) {
  EXPECT_THAT(tokenizer().encode("é", {.place = TextPlace::inside}),
              ElementsAre(byte(0xC3), byte(0xA9)));
}

TEST(CharacterBpe, WithoutByteTokensARunOfThemIsOneUnknown) {
  VocabularyData data = sentence_piece_of_words({"the"});
  for (TokenKind& kind : data.kinds) {
    if (kind == TokenKind::byte) kind = TokenKind::unused;
  }
  const Tokenizer without(data);
  EXPECT_EQ(without.encode("xyz", {.place = TextPlace::inside}), std::vector<TokenId>{0});
  data.fuse_unknown = false;
  EXPECT_THAT(Tokenizer(data).encode("xyz", {.place = TextPlace::inside}), ElementsAre(0, 0, 0));
}

TEST(CharacterBpe, TheSpaceInFrontOfATextComesAndGoes) {
  const auto ids = tokenizer().encode("the the");
  EXPECT_EQ(ids.size(), 2U);
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(tokenizer().decode(ids), "the the");
  EXPECT_EQ(tokenizer().decode(tokenizer().encode("  the")), "  the");
}

TEST(CharacterBpe, ARunOfBytesIsTextOnlyAsAWhole) {
  StreamDecoder decoder(tokenizer());
  EXPECT_EQ(decoder.push(byte(0xC3)), "");
  EXPECT_EQ(decoder.push(byte(0xA9)), "");
  EXPECT_EQ(decoder.push(tokenizer().encode("the")[0]), "é the");
  EXPECT_EQ(decoder.push(byte('a')), "");
  EXPECT_EQ(decoder.push(byte(0xC3)), "");
  EXPECT_EQ(decoder.finish(), "\uFFFD\uFFFD");
}

TEST(CharacterBpe, TheSpaceInFrontGoesWhereverItComesFrom) {
  EXPECT_EQ(tokenizer().decode(std::vector<TokenId>{byte(' '), byte('a')}), "a");
  EXPECT_EQ(tokenizer().decode(std::vector<TokenId>{1, byte(' ')}, {.include_special = true}),
            "<s> ");
}

RC_GTEST_PROP(CharacterBpe, AnyTextComesBack, ()) {
  const auto piece = rc::gen::oneOf(
      rc::gen::element<std::string>(" the", "the", "  ", "한국어", "é", "\n", "<s>", "<0x0A>"),
      rc::gen::map(rc::gen::arbitrary<std::string>(), [](const std::string& bytes) {
        std::string text;
        append_repaired(bytes, text);
        return text;
      }));
  std::string text;
  for (const std::string& part : *rc::gen::container<std::vector<std::string>>(piece)) text += part;
  const auto ids = tokenizer().encode(text, {.recognise_special = false});
  RC_ASSERT(tokenizer().decode(ids) == text);
  for (const TokenId id : ids) RC_ASSERT(!tokenizer().is_special(id));
  StreamDecoder decoder(tokenizer());
  std::string streamed;
  for (const TokenId id : ids) {
    const std::string pushed = decoder.push(id);
    RC_ASSERT(is_valid_utf8(pushed));
    streamed += pushed;
  }
  RC_ASSERT(streamed + decoder.finish() == text);
}

// Cutting the text in front of space marks is an optimisation that must not show.
RC_GTEST_PROP(CharacterBpe, WordByWordIsTheSameAsAtOnce, ()) {
  static const Tokenizer by_words(sentence_piece_of_words({" ab", "ab", "ba", "  a"}));
  static const Tokenizer at_once([] {
    VocabularyData data = sentence_piece_of_words({" ab", "ab", "ba", "  a"});
    for (const char last : {'a', 'b', 'x'}) {  // pieces that would span words, and no text makes
      data.tokens.push_back("z" + (last + std::string(space_mark)));
      data.kinds.push_back(TokenKind::normal);
      data.scores.push_back(-1e6F);
    }
    return data;
  }());
  const auto text = *rc::gen::container<std::string>(rc::gen::element('a', 'b', ' ', 'x'));
  RC_ASSERT(by_words.encode(text) == at_once.encode(text));
}

}  // namespace
}  // namespace espalier::text
