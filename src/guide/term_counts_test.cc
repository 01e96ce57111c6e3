// Counts that are joined in unions, against a search for all ways to read a text.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "guide/automaton.h"
#include "guide/pattern.h"

namespace espalier::guide {
namespace {

using Places = std::set<std::size_t>;

// An expression over a and b: one as a term, one that is read the slow way.
struct Expression {
  enum class Kind : std::uint8_t { letters, sequence, either, repeat };
  Kind kind = Kind::letters;
  std::u32string letters;
  std::vector<Expression> parts;
  std::uint32_t least = 0;
  std::uint32_t most = 0;

  TermId term(TermPool& terms) const {
    std::vector<TermId> inner;
    for (const Expression& part : parts) inner.push_back(part.term(terms));
    switch (kind) {
      case Kind::letters: {
        CodePoints points;
        for (const char32_t letter : letters) points = points.united(CodePoints::one(letter));
        return terms.set(points);
      }
      case Kind::sequence: {
        TermId all = TermPool::epsilon;
        for (std::size_t i = inner.size(); i-- > 0;) all = terms.sequence(inner[i], all);
        return all;
      }
      case Kind::either:
        return terms.either(inner);
      case Kind::repeat:
        return terms.repeat(inner.front(), least, most);
    }
    return TermPool::nothing;
  }

  // Where readings of the text may end that begin at one of the places.
  Places ends(const std::u32string& text, const Places& begins) const {
    Places found;
    switch (kind) {
      case Kind::letters:
        for (const std::size_t begin : begins) {
          if (begin < text.size() && letters.find(text[begin]) != letters.npos)
            found.insert(begin + 1);
        }
        return found;
      case Kind::sequence:
        found = begins;
        for (const Expression& part : parts) found = part.ends(text, found);
        return found;
      case Kind::either:
        for (const Expression& part : parts) found.merge(part.ends(text, begins));
        return found;
      case Kind::repeat: {
        // More often than the text is long, only what is empty can be repeated: no new ends.
        const std::uint32_t most_tried =
            std::min<std::uint32_t>(most, least + static_cast<std::uint32_t>(text.size()) + 1);
        Places here = begins;
        for (std::uint32_t i = 0; i <= most_tried; ++i, here = parts.front().ends(text, here)) {
          if (i >= least) found.insert(here.begin(), here.end());
        }
        return found;
      }
    }
    return found;
  }

  bool reads(const std::u32string& text) const { return ends(text, {0}).contains(text.size()); }
};

class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}

  std::uint32_t below(std::uint32_t most) { return static_cast<std::uint32_t>(random_() % most); }

  Expression letters() {
    static const std::u32string sets[] = {U"a", U"b", U"ab"};
    Expression one;
    one.letters = sets[below(3)];
    return one;
  }

  Expression sequence(std::vector<Expression> parts) {
    Expression all;
    all.kind = Expression::Kind::sequence;
    all.parts = std::move(parts);
    return all;
  }

  Expression either(std::vector<Expression> parts) {
    Expression all = sequence(std::move(parts));
    all.kind = Expression::Kind::either;
    return all;
  }

  Expression repeat(Expression body) {
    Expression all;
    all.kind = Expression::Kind::repeat;
    all.parts.push_back(std::move(body));
    all.least = below(4);
    all.most = below(6) == 0 ? unbounded : all.least + below(4);
    return all;
  }

  Expression any(int depth) {
    if (depth == 0) return letters();
    switch (below(5)) {
      case 0:
        return letters();
      case 1:
        return sequence({any(depth - 1), any(depth - 1)});
      case 2:
        return either({any(depth - 1), any(depth - 1)});
      case 3:
        return repeat(any(depth - 1));
      default:
        return counts(depth - 1);
    }
  }

  // A union of what may be joined, and of what may not.
  Expression counts(int depth) {
    const Expression before = below(2) == 0 ? sequence({}) : any(depth);
    const Expression body = any(depth);
    const Expression rest = below(2) == 0 ? sequence({}) : any(depth);
    std::vector<Expression> parts;
    for (std::uint32_t i = 2 + below(3); i > 0; --i) {
      Expression middle = repeat(body);
      if (below(4) == 0) middle = below(2) == 0 ? body : sequence({});
      parts.push_back(sequence({before, std::move(middle), rest}));
    }
    if (below(3) == 0) parts.push_back(any(depth));
    return either(std::move(parts));
  }

 private:
  std::mt19937 random_;
};

RC_GTEST_PROP(JoinedCounts, HoldTheTextsOfTheirParts, (unsigned seed)) {
  Draw draw(seed);
  const Expression expression = draw.counts(2);
  TermPool terms;
  Automaton automaton(terms);
  const TermId term = expression.term(terms);
  for (std::uint32_t length = 0; length <= 7; ++length) {
    for (std::uint32_t bits = 0; bits < 1U << length; ++bits) {
      std::u32string text;
      for (std::uint32_t i = 0; i < length; ++i) text += (bits >> i & 1U) != 0 ? U'b' : U'a';
      RC_ASSERT(automaton.contains(term, text) == expression.reads(text));
    }
  }
}

TEST(JoinedCounts, AreOneWhereNoNumberIsMissing) {
  TermPool terms;
  const TermId a = terms.set(CodePoints::one(U'a'));
  const TermId rest = terms.text(U"bc");
  const TermId before = terms.text(U"xy");
  const auto counted = [&](std::uint32_t least, std::uint32_t most) {
    return terms.sequence(terms.repeat(a, least, most), rest);
  };
  EXPECT_EQ(terms.either(counted(0, 3), counted(2, 5)), counted(0, 5));
  EXPECT_EQ(terms.either(counted(0, 3), counted(4, 5)), counted(0, 5));
  EXPECT_EQ(terms.either({counted(7, 8), counted(0, 3), counted(4, unbounded)}),
            counted(0, unbounded));
  EXPECT_EQ(terms.either(counted(2, 3), terms.sequence(a, rest)), counted(1, 3));
  EXPECT_EQ(terms.either(counted(1, 3), rest), counted(0, 3));
  EXPECT_EQ(terms.either(counted(0, 3), rest), counted(0, 3));
  EXPECT_EQ(terms.either(TermPool::epsilon, terms.repeat(a, 1, 4)), terms.repeat(a, 0, 4));
  EXPECT_EQ(
      terms.either(terms.sequence(before, counted(0, 3)), terms.sequence(before, counted(1, 9))),
      terms.sequence(before, counted(0, 9)));
  EXPECT_NE(terms.either(counted(0, 3), counted(5, 6)), counted(0, 6)) << "four are missing";
}

// Each character may be where the counts begin: as parts of their own they would make as many
// states as there are texts.
TEST(JoinedCounts, LeaveFewStates) {
  for (const char* pattern :
       {"^.{1,64}@.{1,255}$", "^.{1,64}@.{1,64}[.].{2,9}$", "^.{0,30}@?.{0,30}@?.{0,30}$",
        "@.{0,60}$", "^.*@(?:[^@]a|@[^@]){0,40}$", "^[a@]{1,30}(?:@[a@]{1,30}){0,9}a{1,5}$"}) {
    TermPool terms;
    Automaton automaton(terms);
    const StateId start = automaton.start(whole_pattern_term(terms, pattern));
    std::mt19937 random(1);
    for (int text = 0; text < 500; ++text) {
      StateId state = start;
      for (int i = 0; i < 100 && automaton.alive(state); ++i) {
        state = automaton.next(state, random() % 3 == 0 ? U'@' : U'a');
      }
    }
    EXPECT_LT(automaton.size(), 4096U) << pattern;
    EXPECT_LT(terms.size(), 16384U) << pattern;
  }
}

}  // namespace
}  // namespace espalier::guide
