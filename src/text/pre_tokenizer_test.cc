#include "text/pre_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace espalier::text {
namespace {

using testing::ElementsAre;
using namespace std::string_literals;

std::vector<std::string> words(std::string_view pre_tokenizer, std::string_view text) {
  const std::optional<PreTokenizer> split = PreTokenizer::find(pre_tokenizer);
  std::vector<std::string> found;
  if (!split) return found;
  split->each_word(text, [&](std::size_t begin, std::size_t end) {
    found.emplace_back(text.substr(begin, end - begin));
  });
  return found;
}

TEST(PreTokenizer, ASpaceGoesToTheWordBehindIt) {
  EXPECT_THAT(words("gpt2", "Hello big world!"), ElementsAre("Hello", " big", " world", "!"));
}

TEST(PreTokenizer, ContractionsAreWordsOnlyInLowerCase) {
  EXPECT_THAT(words("gpt2", "we'll he'S"), ElementsAre("we", "'ll", " he", "'", "S"));
}

TEST(PreTokenizer, TheLastOfSeveralSpacesIsLeftToTheNextWord) {
  EXPECT_THAT(words("gpt2", "a   b"), ElementsAre("a", "  ", " b"));
  EXPECT_THAT(words("gpt2", "a \n\nb"), ElementsAre("a", " \n", "\n", "b"));
  EXPECT_THAT(words("gpt2", "a   "), ElementsAre("a", "   "));
}

TEST(PreTokenizer, SmollmMakesEveryDigitAWordAndSpacesBeforeOneStayWhole) {
  EXPECT_THAT(words("smollm", "a   123"), ElementsAre("a", "   ", "1", "2", "3"));
  EXPECT_THAT(words("gpt2", "a   123"), ElementsAre("a", "  ", " 123"));
}

// U+11DE0, a digit since Unicode 17: Digits knows it, the regex engine does not.
TEST(PreTokenizer, TheTwoUnicodeVersionsOfTheOracleAreKeptApart) {
  EXPECT_THAT(words("smollm", "!\U00011DE0!"), ElementsAre("!", "\U00011DE0", "!"));
  EXPECT_THAT(words("gpt2", "!\U00011DE0!"), ElementsAre("!\U00011DE0!"));
}

TEST(PreTokenizer, Llama3TakesContractionsInAnyCaseAndTheLongSWithThem) {
  EXPECT_THAT(words("llama-bpe", "we'LL he'\u017Fa"),
              ElementsAre("we", "'LL", " he", "'\u017F", "a"));
  EXPECT_THAT(words("qwen2", "x's 's"), ElementsAre("x", "'s", " '", "s"));
}

TEST(PreTokenizer, Llama3MakesWordsOfThreeDigitsQwen2OfOne) {
  EXPECT_THAT(words("llama-bpe", "a 12345"), ElementsAre("a", " ", "123", "45"));
  EXPECT_THAT(words("qwen2", "a 12"), ElementsAre("a", " ", "1", "2"));
}

TEST(PreTokenizer, Llama3KeepsLineEndsWithWhatStandsBeforeThem) {
  EXPECT_THAT(words("llama-bpe", "a \n  \n b"), ElementsAre("a", " \n  \n", " b"));
  EXPECT_THAT(words("llama-bpe", " !\r\n\nb"), ElementsAre(" !\r\n\n", "b"));
  EXPECT_THAT(words("llama-bpe", "\na\tb"), ElementsAre("\n", "a", "\tb"));
}

TEST(PreTokenizer, BytesThatAreNotUtf8AreCharactersOfNoClass) {
  EXPECT_THAT(words("gpt2", "a\xFF\xC3!b\xE2\x82"), ElementsAre("a", "\xFF\xC3!", "b", "\xE2\x82"));
}

TEST(PreTokenizer, NamesJoinedByPlusSplitOneAfterTheOther) {
  EXPECT_THAT(words("digits+gpt2", "a   123"), ElementsAre("a", "   ", "1", "2", "3"));
  EXPECT_THAT(words("digit-runs+gpt2", "a   123 b"), ElementsAre("a", "   ", "123", " b"));
}

TEST(PreTokenizer, SpaceMarksBeginWords) {
  EXPECT_THAT(words("metaspace", "a▁▁b▁"), ElementsAre("a", "▁", "▁b", "▁"));
  EXPECT_THAT(words("whole", "a b"), ElementsAre("a b"));
}

TEST(PreTokenizer, AnUnknownNameIsNothing) {
  EXPECT_FALSE(PreTokenizer::find("klingon"));
  EXPECT_FALSE(PreTokenizer::find(""));
  EXPECT_FALSE(PreTokenizer::find("gpt2+"));
  EXPECT_FALSE(PreTokenizer::find("gpt2+gpt2+gpt2+gpt2"));
  EXPECT_EQ(PreTokenizer::known_names(), "gpt2, smollm, llama-bpe, qwen2");
}

RC_GTEST_PROP(PreTokenizer, WordsJoinedAreTheTextWhateverItsBytes, (const std::string& text)) {
  for (const std::string_view name : {"gpt2", "smollm", "llama-bpe", "qwen2", "digits",
                                      "digit-runs", "metaspace", "whole", "digit-runs+qwen2"}) {
    std::string joined;
    for (const std::string& word : words(name, text)) {
      RC_ASSERT(!word.empty());
      joined += word;
    }
    RC_ASSERT(joined == text);
  }
}

}  // namespace
}  // namespace espalier::text
