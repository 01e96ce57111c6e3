#include "guide/number_terms.h"

#include <fmt/format.h>

#include <charconv>

#include "espalier/error.h"

namespace espalier::guide {
namespace {

TermId characters(TermPool& terms, char32_t first, char32_t last) {
  return terms.set(CodePoints({{first, last}}));
}

}  // namespace

NumberTerms::NumberTerms(TermPool& terms, const GuideLimits& limits)
    : terms_(terms), limits_(limits) {
  digit_ = characters(terms, U'0', U'9');
  any_digits_ = terms.star(digit_);
  minus_ = terms.text(U"-");
  point_ = terms.text(U".");
  fraction_ = terms.optional(terms.sequence({point_, digit_, any_digits_}));
  const TermId zeros = terms.repeat(terms.text(U"0"), 1, unbounded);
  zero_fraction_ = terms.optional(terms.sequence(point_, zeros));
  const TermId whole =
      terms.either(terms.text(U"0"), terms.sequence(characters(terms, U'1', U'9'), any_digits_));
  unsigned_ = terms.sequence(whole, fraction_);
  const TermId sign = terms.optional(minus_);
  plain_ = terms.sequence(sign, unsigned_);
  integers_ = terms.sequence({sign, whole, zero_fraction_});
  without_fraction_ = terms.sequence(sign, whole);
  const TermId last_digit = characters(terms, U'1', U'9');
  const TermId short_fraction = terms.optional(terms.sequence({point_, any_digits_, last_digit}));
  shortest_ =
      terms.both(terms.sequence({sign, whole, short_fraction}), terms.negation(terms.text(U"-0")));
  const TermId e = terms.set(CodePoints({{U'e', U'e'}, {U'E', U'E'}}));
  const TermId exponent_sign = terms.optional(terms.set(CodePoints({{U'+', U'+'}, {U'-', U'-'}})));
  exponents_ = terms.sequence({plain_, e, exponent_sign, digit_, any_digits_});
}

TermId NumberTerms::digits(std::string_view text) {
  return terms_.text(std::u32string(text.begin(), text.end()));
}

TermId NumberTerms::digit_above(char digit) {
  if (digit == '9') return TermPool::nothing;
  return characters(terms_, static_cast<char32_t>(digit) + 1, U'9');
}

// What may follow the whole part of a number whose fraction is above (or is) the given one.
TermId NumberTerms::fraction_above(const std::string& fraction, Bound kind) {
  const TermId zeros = terms_.star(terms_.text(U"0"));
  const TermId more =  // digits that are not all 0
      terms_.sequence({zeros, characters(terms_, U'1', U'9'), any_digits_});
  if (fraction.empty()) {
    return kind == Bound::inclusive ? fraction_ : terms_.sequence(point_, more);
  }
  TermId behind = kind == Bound::inclusive ? any_digits_ : more;
  for (std::size_t i = fraction.size(); i-- > 0;) {
    behind = terms_.either(terms_.sequence(digits(fraction.substr(i, 1)), behind),
                           terms_.sequence(digit_above(fraction[i]), any_digits_));
  }
  return terms_.sequence(point_, behind);
}

TermId NumberTerms::above(const Decimal& bound, Bound kind) {
  const std::string& whole = bound.whole;
  const auto size = static_cast<std::uint32_t>(whole.size());
  TermId same_size = fraction_above(bound.fraction, kind);
  for (std::uint32_t i = size; i-- > 0;) {
    const TermId larger = terms_.sequence(
        {digit_above(whole[i]), terms_.repeat(digit_, size - i - 1, size - i - 1), fraction_});
    same_size = terms_.either(terms_.sequence(digits(whole.substr(i, 1)), same_size), larger);
  }
  const TermId longer = terms_.sequence(
      {characters(terms_, U'1', U'9'), terms_.repeat(digit_, size, unbounded), fraction_});
  return terms_.either(same_size, longer);
}

TermId NumberTerms::below(const Decimal& bound, Bound kind) {
  const Bound other = kind == Bound::inclusive ? Bound::exclusive : Bound::inclusive;
  return terms_.both(unsigned_, terms_.negation(above(bound, other)));
}

TermId NumberTerms::at_least(const Decimal& bound, Bound kind) {
  Decimal magnitude = bound;
  magnitude.negative = false;
  if (bound.negative) {
    return terms_.either(unsigned_, terms_.sequence(minus_, below(magnitude, kind)));
  }
  TermId term = above(magnitude, kind);
  if (bound.is_zero() && kind == Bound::inclusive) term = terms_.either(term, equal(bound));
  return term;
}

TermId NumberTerms::at_most(const Decimal& bound, Bound kind) {
  const Bound other = kind == Bound::inclusive ? Bound::exclusive : Bound::inclusive;
  return terms_.both(plain_, terms_.negation(at_least(bound, other)));
}

TermId NumberTerms::equal(const Decimal& number) {
  TermId term = zero_fraction_;
  if (!number.fraction.empty()) {
    term = terms_.sequence({point_, digits(number.fraction), terms_.star(terms_.text(U"0"))});
  }
  term = terms_.sequence(digits(number.whole), term);
  if (number.is_zero()) return terms_.sequence(terms_.optional(minus_), term);
  return number.negative ? terms_.sequence(minus_, term) : term;
}

TermId NumberTerms::multiple_of(const Decimal& divisor) {
  if (divisor.is_zero() || divisor.negative) {
    throw InvalidSchema("a divisor must be above 0");
  }
  const std::string digits = divisor.whole + divisor.fraction;
  std::uint64_t modulus = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), modulus);
  if (read.ec != std::errc() || modulus > limits_.modulus) {
    throw UnsupportedGuide(fmt::format(
        "divisors of more than {} times their last digit are not supported", limits_.modulus));
  }
  const auto scale = static_cast<std::uint32_t>(divisor.fraction.size());
  const TermId residue = terms_.multiple_of(static_cast<std::uint32_t>(modulus), scale);
  return terms_.both(plain_, terms_.sequence(terms_.optional(minus_), residue));
}

}  // namespace espalier::guide
