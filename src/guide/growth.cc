#include "guide/growth.h"

#include <unordered_set>
#include <vector>

#include "espalier/error.h"

namespace espalier::guide {
namespace {

// An automaton that grows without bound doubles with each character: it has many times as many
// states as places by then. One that counts two things at once (50 words and 1,000 characters) has
// 30 times as many there.
constexpr std::size_t looked_at = 8192;  // states
constexpr std::size_t for_each_place = 128;
constexpr std::size_t most_width = 64 * looked_at;  // of them all: what making them costs

// What the states' expressions consist of, up to the operations that join places.
class Places {
 public:
  explicit Places(const TermPool& terms) : terms_(terms) {}

  void add(TermId id) {
    struct Part {
      TermId term;
      TermId rest;  // what follows it
    };
    std::vector<Part> open{{id, TermPool::epsilon}};
    while (!open.empty()) {
      const Part part = open.back();
      open.pop_back();
      const Term& term = terms_[part.term];
      switch (term.kind) {
        case TermKind::either:
        case TermKind::both:
          for (const TermId inner : terms_.parts(term)) open.push_back({inner, part.rest});
          break;
        case TermKind::negation:
          open.push_back({term.first, part.rest});
          break;
        case TermKind::sequence:
          open.push_back({term.first, term.second});
          break;
        default:
          seen_.insert(std::uint64_t{part.term} << 32 | part.rest);
      }
    }
  }
  std::size_t size() const noexcept { return seen_.size(); }

 private:
  const TermPool& terms_;
  std::unordered_set<std::uint64_t> seen_;
};

}  // namespace

void refuse_growth(Automaton& automaton, StateId start) {
  Places places(automaton.terms());
  std::vector<StateId> level{start};
  std::unordered_set<StateId> seen{start};
  std::size_t width = 0;
  while (!level.empty()) {
    std::vector<StateId> next;
    for (const StateId state : level) {
      places.add(automaton.term(state));
      width += automaton.terms().width(automaton.term(state));
      for (const Automaton::Step& step :
           automaton.steps(state, 0, automaton.terms().last_symbol())) {
        if (automaton.alive(step.next) && seen.insert(step.next).second) next.push_back(step.next);
      }
      const bool wide = width > most_width;
      if (seen.size() < looked_at && !wide) continue;
      if (seen.size() <= for_each_place * places.size() && !wide) return;
      throw UnsupportedGuide(
          "the expression has too many ways to be read at once: something may begin at every "
          "character and a count follows it, as in .*a.{40}; lower the count, or say where it "
          "begins");
    }
    level = std::move(next);
  }
}

}  // namespace espalier::guide
