// Sets of numbers as terms over their spellings without exponent, -?(0|[1-9]D*)(.D+)?, so that
// intersection, union and complement (within plain()) are those of the sets.
//
// A number belongs by its value, however it is spelled: 1.0 is an integer and equals 1, -0 is 0.
#pragma once

#include "guide/decimal.h"
#include "guide/term.h"

namespace espalier::guide {

enum class Bound : std::uint8_t { inclusive, exclusive };

class NumberTerms {
 public:
  NumberTerms(TermPool& terms, const GuideLimits& limits);

  TermId plain() const noexcept { return plain_; }          // every number without exponent
  TermId exponents() const noexcept { return exponents_; }  // every number with one
  TermId integers() const noexcept { return integers_; }
  // Draft 4's integers, which have no fraction even of zeros.
  TermId without_fraction() const noexcept { return without_fraction_; }
  TermId shortest() const noexcept { return shortest_; }  // each number by one spelling
  TermId at_least(const Decimal& bound, Bound kind);
  TermId at_most(const Decimal& bound, Bound kind);
  TermId equal(const Decimal& number);
  // Throws UnsupportedGuide where the divisor, as a whole number of its last digit, is above
  // GuideLimits::modulus; InvalidSchema where it is not above 0.
  TermId multiple_of(const Decimal& divisor);

 private:
  // Magnitudes: unsigned numbers.
  TermId above(const Decimal& bound, Bound kind);
  TermId below(const Decimal& bound, Bound kind);
  TermId fraction_above(const std::string& fraction, Bound kind);
  TermId digit_above(char digit);
  TermId digits(std::string_view text);

  TermPool& terms_;
  GuideLimits limits_;
  TermId digit_, any_digits_, minus_, point_, fraction_, zero_fraction_, unsigned_;
  TermId plain_, exponents_, integers_, without_fraction_, shortest_;
};

}  // namespace espalier::guide
