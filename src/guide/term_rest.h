// How far the beginnings of a term's texts are from their ends.
#pragma once

#include <unordered_map>

#include "guide/term.h"

namespace espalier::guide {

struct TermRest {
  std::uint32_t shortest = unbounded;  // characters of the shortest text, at most
  std::uint32_t longest = unbounded;   // that any beginning lacks, at most; unbounded: not known
};

// Remembers what it has worked out; not for several threads at a time.
class TermRests {
 public:
  TermRest of(const TermPool& terms, TermId term) { return of(terms, term, 0); }

 private:
  TermRest of(const TermPool& terms, TermId term, unsigned depth);
  TermRest work_out(const TermPool& terms, TermId term, unsigned depth);
  TermRest of_sequence(const TermPool& terms, TermId term, unsigned depth);

  std::unordered_map<TermId, TermRest> known_;
};

}  // namespace espalier::guide
