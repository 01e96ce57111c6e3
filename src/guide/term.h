// Regular expressions over code points, with intersection and complement: hash-consed terms.
//
//   TermPool pool;
//   const TermId word = pool.repeat(pool.set(letters), 1, unbounded);
//   const TermId short_word = pool.both(word, pool.repeat(pool.set(CodePoints::all()), 0, 8));
//   const TermId rest = pool.derivative(short_word, U'a');   // what may follow an 'a'
//
// A term's id is its identity: equal ids are the same expression, and the constructors apply the
// laws that keep the number of different derivatives small (Owens, Reppy and Turon 2009,
// "Regular-expression derivatives re-examined", section 4.1).
//
// Not for several threads at a time. Every constructor throws UnsupportedGuide where the pool is
// full.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "guide/code_points.h"
#include "guide/limits.h"

namespace espalier::guide {

using TermId = std::uint32_t;

inline constexpr std::uint32_t unbounded = std::numeric_limits<std::uint32_t>::max();

enum class TermKind : std::uint8_t {
  nothing,   // no text at all
  epsilon,   // the empty text
  set,       // one code point
  sequence,  // first, then second
  either,    // one of the parts
  both,      // all of the parts at once
  negation,  // every other text
  repeat,    // first, least to most times
  residue,   // the digits of a number that a modulus divides (multiple_of)
  listed,    // what follows the same beginning in some texts of a long list (any_of)
  document,  // a JSON document, as one symbol behind the code points
};

struct Term {
  TermKind kind = TermKind::nothing;
  bool nullable = false;     // the empty text belongs to it
  std::uint32_t first = 0;   // term, or where parts begin, or set, modulus, list, document
  std::uint32_t second = 0;  // term, or how many parts, or the remainder so far, or a list's text
  std::uint32_t least = 0;   // of a repeat; of a residue: digits still expected behind the point;
                             // of a list: behind its texts
  std::uint32_t most = 0;    // of a repeat; of a residue: 1 behind the point;
                             // of a list: characters that have been read
  bool operator==(const Term&) const = default;
};

class TermPool {
 public:
  explicit TermPool(const GuideLimits& limits = {});

  static constexpr TermId nothing = 0;
  static constexpr TermId epsilon = 1;
  static constexpr TermId everything = 2;  // all texts, without documents

  TermId set(const CodePoints& points);
  TermId text(std::u32string_view characters);
  // Any of the texts; common beginnings are shared, so that thousands cost little to walk. A long
  // list is kept as it is, and costs a term for each beginning that is walked.
  TermId any_of(std::vector<std::u32string> texts);
  TermId sequence(TermId first, TermId second);
  TermId sequence(std::initializer_list<TermId> parts);
  TermId either(std::vector<TermId> parts);
  TermId either(TermId a, TermId b) { return either(std::vector<TermId>{a, b}); }
  TermId both(std::vector<TermId> parts);
  TermId both(TermId a, TermId b) { return both(std::vector<TermId>{a, b}); }
  TermId negation(TermId term);
  // `most` may be unbounded.
  TermId repeat(TermId term, std::uint32_t least, std::uint32_t most);
  TermId star(TermId term) { return repeat(term, 0, unbounded); }
  TermId optional(TermId term) { return either(epsilon, term); }

  // Unsigned decimal numbers, D*(.D*)?, whose value times 10^scale is a whole multiple of `modulus`
  // (not 0).
  TermId multiple_of(std::uint32_t modulus, std::uint32_t scale);

  // A document where a code point could be: what it is, the caller knows by its number. Those are
  // given from 0 on. A complement holds no text with a document in it.
  TermId document(std::uint32_t number);
  static constexpr char32_t first_document = last_code_point + 1;  // as a code point
  char32_t last_symbol() const noexcept { return last_code_point + documents_; }

  const Term& operator[](TermId id) const noexcept { return terms_[id]; }
  std::span<const TermId> parts(const Term& term) const noexcept {
    return {parts_.data() + term.first, term.second};
  }
  const CodePoints& points(const Term& term) const noexcept { return sets_[term.first]; }
  bool nullable(TermId id) const noexcept { return terms_[id].nullable; }
  std::size_t size() const noexcept { return terms_.size(); }
  // How many places of an expression a term is in at once: what one derivative costs.
  std::size_t width(TermId id) const noexcept;

  // The texts that follow `code_point` in texts of the term.
  TermId derivative(TermId term, char32_t code_point);

  // Where derivatives may change: ascending first code points of ranges, from 0 on, throughout
  // which the derivative by any code point is the same.
  std::vector<char32_t> boundaries(TermId term) const;

 private:
  struct Key {
    Term term;
    std::vector<TermId> parts;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };

  TermId intern(Term term, std::vector<TermId> parts = {});
  TermId listed(std::uint32_t list, std::uint32_t begin, std::uint32_t end, std::uint32_t read);
  std::uint32_t list_number(std::vector<std::u32string> texts);
  TermId any_of_sorted(std::span<const std::u32string> texts, std::size_t from);
  TermId residue(std::uint32_t modulus, std::uint32_t remainder, std::uint32_t expected,
                 bool fraction);
  TermId derive(TermId id, char32_t code_point);
  TermId derive_parts(const Term& term, char32_t code_point);
  TermId derive_listed(const Term& term, char32_t code_point);
  TermId derive_residue(const Term& term, char32_t code_point);
  bool join_counts(std::vector<TermId>& parts);
  bool flatten(TermKind kind, std::vector<TermId>& parts) const;

  GuideLimits limits_;
  std::vector<Term> terms_;
  std::vector<TermId> parts_;
  std::vector<CodePoints> sets_;
  std::vector<std::vector<std::u32string>> lists_;  // ascending
  std::uint32_t documents_ = 0;
  std::map<std::vector<std::pair<char32_t, char32_t>>, std::uint32_t> set_ids_;
  std::unordered_map<Key, TermId, KeyHash> ids_;
  std::unordered_map<TermId, TermId> derived_;  // of the derivative under way
};

}  // namespace espalier::guide
