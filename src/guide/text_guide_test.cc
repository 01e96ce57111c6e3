// Guides of regular expressions and of choices: answers that are text, no JSON.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bitset>
#include <random>

#include "espalier/error.h"
#include "guide/guide_testing.h"

namespace espalier::guide {
namespace {

using testing::accepts;
using testing::byte_trie;
using testing::end_token;
using testing::refusal_of;

bool matches(std::string_view regex, std::string_view text) {
  return accepts(Guide::of_regex(regex), text);
}

std::string regex_refusal(std::string_view regex) {
  return refusal_of([&] { Guide::of_regex(regex); });
}

TEST(RegexGuide, MatchesTheWholeText) {
  EXPECT_TRUE(matches("[a-z]+", "abc"));
  EXPECT_FALSE(matches("[a-z]+", "abc1"));
  EXPECT_FALSE(matches("[a-z]+", ""));
  EXPECT_TRUE(matches("^a|b$", "a"));
  EXPECT_FALSE(matches("^a|b$", "ab"));
  EXPECT_TRUE(matches("", ""));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_TRUE(matches(R"(\(\d{3}\) \d{4}-"\n")", "(555) 0123-\"\n\""));
  EXPECT_TRUE(matches("(?=.*[0-9])[a-z0-9]{3}", "ab1"));
  EXPECT_FALSE(matches("(?=.*[0-9])[a-z0-9]{3}", "abc"));
}

TEST(RegexGuide, SpeaksOfCodePointsAndWritesUtf8) {
  EXPECT_TRUE(matches(".", "🐲"));
  EXPECT_TRUE(matches("[à-ü]{2}", "éü"));
  EXPECT_FALSE(matches("[à-ü]{2}", "éÿ"));
  EXPECT_FALSE(matches(".*", "\xC3"));
  EXPECT_FALSE(matches(".*", "\xC0\x80"));
  EXPECT_FALSE(matches(".*", "\xED\xA0\x80"));
  EXPECT_FALSE(matches(".*", "\xF4\x90\x80\x80"));
  EXPECT_TRUE(matches("[^]", "\n"));
  EXPECT_TRUE(matches("\\0", std::string_view("\0", 1)));
}

TEST(RegexGuide, HalfACharacterIsOnlyBegunWhereItCanBeFinished) {
  const auto trie = byte_trie();
  Matcher matcher(Guide::of_regex("[é🐲]"), trie);
  TokenMask mask(trie->vocabulary_size());
  matcher.mask(mask);
  EXPECT_EQ(mask.count(), 2U);
  EXPECT_TRUE(matcher.accept(0xF0));
  EXPECT_EQ(matcher.forced_bytes(), "\x9F\x90\xB2");
}

TEST(RegexGuide, ABackslashIsACharacterLikeOthers) {
  const auto trie = byte_trie();
  EXPECT_EQ(Matcher(Guide::of_regex(R"([a\\])"), trie).forced_bytes(), "");
  EXPECT_EQ(Matcher(Guide::of_regex(R"(\\n)"), trie).forced_bytes(), "\\n");
}

TEST(RegexGuide, RefusesByName) {
  EXPECT_TRUE(regex_refusal("(a)\\1").ends_with("a back-reference, which is not supported"));
  EXPECT_TRUE(regex_refusal("a(").ends_with("character 3: a group has no end"));
  EXPECT_EQ(regex_refusal("a[]"), "the pattern 'a[]' matches no text at all");
  EXPECT_EQ(regex_refusal("a$b"), "the pattern 'a$b' matches no text at all");
  EXPECT_THROW(Guide::of_regex("[]"), InvalidSchema);
}

TEST(RegexGuide, HostileExpressionsAreBoundedOrRefused) {
  EXPECT_TRUE(matches("(a|a)*", std::string(2'000, 'a')));
  EXPECT_TRUE(matches("((a*)*b*)*", std::string(2'000, 'a') + 'b'));
  EXPECT_TRUE(matches("((a?){1000}){1000}", std::string(2'000, 'a')));
  EXPECT_FALSE(matches("((a?){10}){10}", std::string(101, 'a')));
  EXPECT_TRUE(matches("a{0,1000000}", std::string(2'000, 'a')));
  EXPECT_TRUE(matches("(?=(?:[^,]*,){0,50}[^,]*$).{0,1000}", "a,b,c"));
  std::string many = "x";
  for (int i = 0; i < 1'000; ++i) many += "|" + std::to_string(i * 7) + "?";
  EXPECT_TRUE(matches(many, "1050"));
  EXPECT_FALSE(matches("a{1000000}", std::string(2'000, 'a')));
  EXPECT_TRUE(regex_refusal("(?=(aa)*b)(?=(aaa)*b)a{100000}b").find("too many") !=
              std::string::npos);
  EXPECT_TRUE(
      regex_refusal("a{2000000}").ends_with("a count above 1048576, which is not supported"));
  EXPECT_TRUE(regex_refusal(std::string(300, '(') + "a" + std::string(300, ')'))
                  .ends_with("groups too deep in each other, which is not supported"));
  EXPECT_TRUE(regex_refusal(std::string(10'000, 'a')).ends_with("at most 8,192 are read"));
  EXPECT_THROW(Guide::of_regex("((a{1,50}){1,50}){1,50}b"), UnsupportedGuide);
  for (const char* regex :
       {"(a|b)*a(a|b){40}", ".*a.{40}", "([ -~]*a[ -~]{20})x", "(?=.*a.{30}).*"}) {
    EXPECT_TRUE(regex_refusal(regex).starts_with("the expression has too many ways")) << regex;
  }
}

TEST(RegexGuide, CharactersThatTheVocabularyCannotWriteAreLeftOut) {
  std::bitset<256> missing;
  missing.set(4).set(0xF1).set(0xBC);
  EXPECT_FALSE(accepts(Guide::of_regex(".", missing), "\x04"));
  EXPECT_FALSE(accepts(Guide::of_regex(".", missing), "\xF1\x80\x80\x80"));
  EXPECT_FALSE(accepts(Guide::of_regex("[^a]*", missing), "ü"));
  EXPECT_TRUE(accepts(Guide::of_regex("[^a]*", missing), "éö"));
  EXPECT_THROW(Guide::of_regex("\x04|ü", missing), InvalidSchema);
  const auto trie = byte_trie();
  Matcher matcher(Guide::of_regex("[é-ü]", missing), trie);
  EXPECT_TRUE(matcher.accept(0xC3));
  TokenMask mask(trie->vocabulary_size());
  matcher.mask(mask);
  EXPECT_FALSE(mask.allows(0xBC));
  EXPECT_TRUE(mask.allows(0xBB));
  const std::vector<std::string> choices = {"a", "für"};
  EXPECT_EQ(refusal_of([&] { Guide::of_choices(choices, missing); }),
            "the model's vocabulary has no tokens for the choice 'f\\xc3\\xbcr'");
}

TEST(Guide, StringsHoldNoCharactersThatTheVocabularyCannotWrite) {
  SchemaOptions options = answer_options;
  options.missing_bytes.set(4).set(0xF1);
  const auto string = testing::guide_of(R"({"type":"string"})", options);
  EXPECT_TRUE(accepts(string, R"("a\u0004é🐲")"));
  const auto pattern =
      testing::guide_of(R"({"pattern":"^[\\u{40000}b]+$","type":"string"})", options);
  EXPECT_TRUE(accepts(pattern, R"("bb")"));
  EXPECT_FALSE(accepts(pattern, "\"b\xF1\x80\x80\x80\""));
  EXPECT_THROW(testing::guide_of(R"({"const":"\ud8c0\udc00"})", options), InvalidSchema);
  EXPECT_EQ(refusal_of([&] { testing::guide_of(R"({"required":["\ud8c0\udc00"]})", options); }),
            "#: the model's vocabulary has no tokens for the key '\\xf1\\x80\\x80\\x80'");
  options.writing = Writing::any;
  EXPECT_TRUE(
      accepts(testing::guide_of(R"({"const":"\ud8c0\udc00"})", options), R"("\ud8c0\udc00")"));
}

TEST(ChoicesGuide, OneOfTheTextsAsItStands) {
  const std::vector<std::string> choices = {"yes", "yes, but", "\"no\"", "ja\n", "🐲", "yes"};
  const auto guide = Guide::of_choices(choices);
  for (const std::string& choice : choices) EXPECT_TRUE(accepts(guide, choice)) << choice;
  for (const char* text : {"", "y", "no", "yes,", "YES", "ja"}) {
    EXPECT_FALSE(accepts(guide, text)) << text;
  }
  Matcher matcher(guide, byte_trie());
  EXPECT_TRUE(matcher.accept('j'));
  EXPECT_EQ(matcher.forced_bytes(), "a\n");
}

TEST(ChoicesGuide, AHundredThousandTextsCostLittle) {
  std::mt19937_64 random(3);
  std::vector<std::string> choices;
  for (int i = 0; i < 100'000; ++i) {
    choices.push_back(fmt::format("{:016x}-{:016x}", random(), random()));
  }
  const auto guide = Guide::of_choices(choices);
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(accepts(guide, choices[random() % choices.size()]));
    EXPECT_FALSE(accepts(guide, fmt::format("{:016x}-{:016x}", random(), random())));
  }
  const auto trie = byte_trie({"0a", "ff", "123"});
  Matcher matcher(guide, trie);
  TokenMask mask(trie->vocabulary_size());
  matcher.mask(mask);
  EXPECT_EQ(mask.count(), 16U + 3U);
  for (const char byte : choices[7].substr(0, 12)) ASSERT_TRUE(matcher.accept(byte));
  EXPECT_EQ(matcher.forced_bytes(), choices[7].substr(12));
}

TEST(ChoicesGuide, LongListsAreExact) {
  std::vector<std::string> choices = {"", "p", "prefix"};
  for (int i = 0; i < 3'000; ++i) choices.push_back("prefix" + std::to_string(i * i));
  const auto guide = Guide::of_choices(choices);
  for (const char* text : {"", "p", "prefix", "prefix0", "prefix4", "prefix16", "prefix8994001"}) {
    EXPECT_TRUE(accepts(guide, text)) << text;
  }
  for (const char* text : {"pr", "prefix2", "prefix00", "prefix160", "q"}) {
    EXPECT_FALSE(accepts(guide, text)) << text;
  }
}

TEST(ChoicesGuide, RefusesWhatIsNone) {
  EXPECT_EQ(refusal_of([] { Guide::of_choices({}); }),
            "there are no choices; at least one is needed");
  const std::vector<std::string> broken = {"a", "\xFF"};
  EXPECT_EQ(refusal_of([&] { Guide::of_choices(broken); }), "the choice '\\xff' is not UTF-8");
  const std::vector<std::string> empty = {""};
  EXPECT_TRUE(accepts(Guide::of_choices(empty), ""));
}

}  // namespace
}  // namespace espalier::guide
