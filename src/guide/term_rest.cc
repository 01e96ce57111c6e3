#include "guide/term_rest.h"

#include <algorithm>

namespace espalier::guide {
namespace {

constexpr unsigned most_depth = 64;  // of groups in groups; beyond it nothing is known

std::uint32_t sum(std::uint64_t a, std::uint64_t b) {
  if (a == unbounded || b == unbounded) return unbounded;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(a + b, unbounded));
}

std::uint32_t times(std::uint32_t count, std::uint32_t length) {
  if (count == 0) return 0;
  if (length == unbounded) return unbounded;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(std::uint64_t{count} * length, unbounded));
}

}  // namespace

TermRest TermRests::of(const TermPool& terms, TermId term, unsigned depth) {
  if (const auto known = known_.find(term); known != known_.end()) return known->second;
  if (depth > most_depth) return {};
  const TermRest rest = work_out(terms, term, depth);
  known_.emplace(term, rest);
  return rest;
}

TermRest TermRests::work_out(const TermPool& terms, TermId id, unsigned depth) {
  if (id == TermPool::everything) return {0, 0};
  const Term& term = terms[id];
  switch (term.kind) {
    case TermKind::epsilon:
      return {0, 0};
    case TermKind::set:
      return {1, 1};
    case TermKind::sequence:
      return of_sequence(terms, id, depth);
    case TermKind::either: {
      TermRest all{unbounded, 0};
      for (const TermId part : terms.parts(term)) {
        const TermRest one = of(terms, part, depth + 1);
        all = {std::min(all.shortest, one.shortest), std::max(all.longest, one.longest)};
      }
      return all;
    }
    case TermKind::repeat: {
      const TermRest one = of(terms, term.first, depth + 1);
      const std::uint32_t others = term.least == 0 ? 0 : term.least - 1;
      return {times(term.least, one.shortest), sum(one.longest, times(others, one.shortest))};
    }
    case TermKind::nothing:
    case TermKind::both:
    case TermKind::negation:
    case TermKind::residue:
    case TermKind::listed:
    case TermKind::document:
      break;
  }
  return {};
}

// Along the sequence, which may be as long as a text: from its last term to its first.
TermRest TermRests::of_sequence(const TermPool& terms, TermId id, unsigned depth) {
  std::vector<TermId> heads;
  for (; terms[id].kind == TermKind::sequence; id = terms[id].second) {
    heads.push_back(terms[id].first);
  }
  TermRest rest = of(terms, id, depth + 1);
  for (; !heads.empty(); heads.pop_back()) {
    const TermRest head = of(terms, heads.back(), depth + 1);
    rest = {sum(head.shortest, rest.shortest),
            std::max(sum(head.longest, rest.shortest), rest.longest)};
  }
  return rest;
}

}  // namespace espalier::guide
