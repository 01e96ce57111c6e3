// How far the beginnings of a term's texts are from their ends.
#pragma once

#include <unordered_map>

#include "guide/term.h"

namespace espalier::guide {

struct Completion {
  std::uint32_t shortest = unbounded;  // characters of the shortest text, at most
  std::uint32_t longest = unbounded;   // that any beginning lacks, at most; unbounded: not known
};

// Remembers what it has worked out; not for several threads at a time.
class Completions {
 public:
  Completion of(const TermPool& terms, TermId term) { return of(terms, term, 0); }

 private:
  Completion of(const TermPool& terms, TermId term, unsigned depth);
  Completion work_out(const TermPool& terms, TermId term, unsigned depth);
  Completion of_sequence(const TermPool& terms, TermId term, unsigned depth);

  std::unordered_map<TermId, Completion> known_;
};

}  // namespace espalier::guide
