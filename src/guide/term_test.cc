#include "guide/term.h"

#include <gtest/gtest.h>

#include "espalier/error.h"
#include "guide/automaton.h"
#include "guide/number_terms.h"
#include "guide/pattern.h"
#include "guide/utf32.h"

namespace espalier::guide {
namespace {

class Patterns : public ::testing::Test {
 protected:
  bool finds(std::string_view pattern, std::string_view text) {
    return automaton_.contains(pattern_term(terms_, pattern), to_utf32(text).value());
  }

  TermPool terms_;
  Automaton automaton_{terms_};
};

TEST_F(Patterns, AreFoundAnywhereUnlessAnchored) {
  EXPECT_TRUE(finds("b", "abc"));
  EXPECT_FALSE(finds("^b", "abc"));
  EXPECT_FALSE(finds("b$", "abc"));
  EXPECT_TRUE(finds("^abc$", "abc"));
  EXPECT_FALSE(finds("^abc$", "abc\n"));
  EXPECT_TRUE(finds("", ""));
  EXPECT_TRUE(finds("^dev|stable$", "unstable"));
  EXPECT_FALSE(finds("^(dev|stable)$", "unstable"));
}

TEST_F(Patterns, SpeakOfCodePoints) {
  EXPECT_TRUE(finds("^.$", "🐲"));
  EXPECT_TRUE(finds("^🐲*$", "🐲🐲"));
  EXPECT_TRUE(finds("^\\uD83D\\uDC32$", "🐲"));
  EXPECT_TRUE(finds("^\\p{Letter}+$", "Größe"));
  EXPECT_FALSE(finds("^.$", "\n"));
  EXPECT_FALSE(finds("^\\w$", "é"));
  EXPECT_TRUE(finds("^\\s$", "\u00A0"));
  EXPECT_FALSE(finds("^\\d$", "৪"));
}

TEST_F(Patterns, KnowClassesAndCounts) {
  EXPECT_TRUE(finds("^[a-f\\d_-]{2,3}$", "a-_"));
  EXPECT_FALSE(finds("^[a-f\\d_-]{2,3}$", "a"));
  EXPECT_FALSE(finds("^[^a-f]$", "c"));
  EXPECT_TRUE(finds("^[\\w.-]+$", "a.b-c"));
  EXPECT_TRUE(finds("^{a}$", "{a}"));
  EXPECT_TRUE(finds("^(?:a+?){2,}b$", "aab"));
  EXPECT_TRUE(finds("^[^]$", "\n"));
}

TEST_F(Patterns, LookAhead) {
  EXPECT_TRUE(finds("^(?=.*\\d)(?=.*[a-z]).{3,}$", "ab1"));
  EXPECT_FALSE(finds("^(?=.*\\d)(?=.*[a-z]).{3,}$", "abc"));
  EXPECT_FALSE(finds("^(?!foo)", "foobar"));
  EXPECT_TRUE(finds("^(?!foo)", "barfoo"));
  EXPECT_TRUE(finds("^(a(?!b)|c)", "ac"));
  EXPECT_FALSE(finds("^(a(?!b)|c)", "ab"));
}

TEST_F(Patterns, WhatNoAutomatonCanDoIsRefusedByName) {
  for (const char* pattern :
       {"(a)\\1", "(?<=a)b", "\\bword", "(?i)a", "\\p{Greek}", "(a(?!b))*c"}) {
    EXPECT_THROW(pattern_term(terms_, pattern), UnsupportedGuide) << pattern;
  }
  for (const char* pattern : {"(", "a)", "[a", "*a", "a**", "[b-a]", "\\", "a{3,2}", "\\q"}) {
    EXPECT_THROW(pattern_term(terms_, pattern), InvalidSchema) << pattern;
  }
}

TEST_F(Patterns, LoopsInLoopsCostLittle) {
  const TermId term = pattern_term(terms_, "^(a|a)*((a*)*)*$");
  EXPECT_TRUE(automaton_.contains(term, std::u32string(10'000, U'a')));
  EXPECT_FALSE(automaton_.contains(term, std::u32string(10'000, U'a') + U'b'));
  EXPECT_LT(automaton_.size(), 20U);
}

TEST_F(Patterns, EmptinessIsExact) {
  const TermId even = pattern_term(terms_, "^(aa)*$");
  const TermId odd = pattern_term(terms_, "^a(aa)*$");
  EXPECT_TRUE(automaton_.disjoint(even, odd));
  EXPECT_FALSE(automaton_.disjoint(even, pattern_term(terms_, "^(aaa)+$")));
  EXPECT_TRUE(automaton_.empty(
      terms_.both(pattern_term(terms_, "^[a-c]+$"), pattern_term(terms_, "[^a-c]"))));
}

TEST_F(Patterns, CountsAndListsWhatIsFinite) {
  const TermId term = pattern_term(terms_, "^[ab]{1,2}$");
  EXPECT_EQ(automaton_.count(automaton_.start(term), 100), 6U);
  EXPECT_EQ(automaton_.enumerate(term, 6)->size(), 6U);
  EXPECT_FALSE(automaton_.enumerate(term, 5).has_value());
  EXPECT_EQ(automaton_.count(automaton_.start(pattern_term(terms_, "^a+$")), 100), 100U);
}

class Numbers : public ::testing::Test {
 protected:
  bool has(TermId term, std::string_view spelling) {
    const TermId plain = terms_.both(term, numbers_.plain());
    return automaton_.contains(plain, std::u32string(spelling.begin(), spelling.end()));
  }

  TermPool terms_;
  Automaton automaton_{terms_};
  NumberTerms numbers_{terms_, {}};
};

TEST_F(Numbers, BoundsGoByValueNotBySpelling) {
  const auto from = [&](const char* bound, Bound kind = Bound::inclusive) {
    return numbers_.at_least(parse_decimal(bound), kind);
  };
  for (const char* bound : {"0", "7", "10", "99", "123.45", "0.001", "-3", "-10.5", "1e3", "-0"}) {
    for (const char* number :
         {"0",        "-0",      "0.0",      "7",     "7.0",
          "6.99",     "10",      "9",        "100",   "99.000",
          "123.45",   "123.449", "123.4500", "0.001", "0.0011",
          "0.000999", "-3",      "-3.0",     "-2.99", "-3.01",
          "-10.5",    "-10.49",  "1000",     "999.9", "12345678901234567890"}) {
      const double value = std::stod(number);
      const double limit = std::stod(bound);
      EXPECT_EQ(has(from(bound), number), value >= limit) << number << " >= " << bound;
      EXPECT_EQ(has(from(bound, Bound::exclusive), number), value > limit)
          << number << " > " << bound;
      EXPECT_EQ(has(numbers_.at_most(parse_decimal(bound), Bound::inclusive), number),
                value <= limit)
          << number << " <= " << bound;
      EXPECT_EQ(has(numbers_.equal(parse_decimal(bound)), number), value == limit)
          << number << " == " << bound;
    }
  }
}

TEST_F(Numbers, OneWithAFractionOfZerosIsAnInteger) {
  EXPECT_TRUE(has(numbers_.integers(), "1.0"));
  EXPECT_TRUE(has(numbers_.integers(), "-0.00"));
  EXPECT_FALSE(has(numbers_.integers(), "1.01"));
  EXPECT_FALSE(has(numbers_.integers(), "01"));
}

TEST_F(Numbers, MultiplesAreExactWhereDoublesAreNot) {
  const TermId cents = numbers_.multiple_of(parse_decimal("0.01"));
  EXPECT_TRUE(has(cents, "0.07"));
  EXPECT_TRUE(has(cents, "4.350"));
  EXPECT_FALSE(has(cents, "0.075"));
  const TermId sevens = numbers_.multiple_of(parse_decimal("7"));
  EXPECT_TRUE(has(sevens, "-12345678901234567890123456789010.0") ==
              has(sevens, "12345678901234567890123456789010"));
  EXPECT_TRUE(has(sevens, "49.0"));
  EXPECT_FALSE(has(sevens, "49.7"));
  EXPECT_TRUE(has(numbers_.multiple_of(parse_decimal("2.5")), "7.5"));
  EXPECT_TRUE(has(numbers_.multiple_of(parse_decimal("100")), "1200"));
  EXPECT_FALSE(has(numbers_.multiple_of(parse_decimal("100")), "1250"));
  EXPECT_THROW(numbers_.multiple_of(parse_decimal("0")), InvalidSchema);
  EXPECT_THROW(numbers_.multiple_of(parse_decimal("0.123456789")), UnsupportedGuide);
}

}  // namespace
}  // namespace espalier::guide
