#include "guide/growth.h"

#include <algorithm>
#include <unordered_map>
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
constexpr std::size_t most_width = 16 * looked_at;  // of them all: what making them costs

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
          seen_.insert(mix(element(part.term), spine(part.rest)));
      }
    }
  }
  std::size_t size() const noexcept { return seen_.size(); }

 private:
  static constexpr std::size_t most_elements = 17;  // as far as unions join counts

  static std::uint64_t mix(std::uint64_t hash, std::uint64_t value) noexcept {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15ULL;
    return hash ^ (hash >> 29);
  }

  // Of counts that are joined from several places, the last place: the others are met, too.
  std::uint64_t element(TermId id) const {
    const Term& term = terms_[id];
    return term.kind == TermKind::repeat ? mix(mix(1, term.first), term.most) : id;
  }

  std::uint64_t spine(TermId id) const {
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < most_elements; ++i, id = terms_[id].second) {
      if (terms_[id].kind != TermKind::sequence) return mix(hash, element(id));
      hash = mix(hash, element(terms_[id].first));
    }
    return mix(hash, id);
  }

  const TermPool& terms_;
  std::unordered_set<std::uint64_t> seen_;  // their hashes
};

// What an expression looks like, without walking it.
class Outlook {
 public:
  struct View {
    bool loose = false;         // something in it may be of many lengths
    std::uint32_t choices = 0;  // characters that must come and are not settled, one behind the
                                // other
    bool grows = false;         // enough choices are counted behind what is loose
  };

  explicit Outlook(const TermPool& terms) : terms_(terms) {}

  View of(TermId id, unsigned depth = 0) {
    if (id == TermPool::everything) return {.loose = true, .choices = 1};
    if (depth > most_depth) return {.loose = true, .choices = 1, .grows = true};
    if (const auto known = known_.find(id); known != known_.end()) return known->second;
    const View view = look(id, depth);
    known_.emplace(id, view);
    return view;
  }

 private:
  static constexpr unsigned most_depth = 64;  // of groups in groups: looked at closely instead
  // Fewer choices make fewer states than are looked at: 2^13.
  static constexpr std::uint32_t enough = 13;
  static constexpr std::uint32_t many_lengths = 16;
  static constexpr std::uint32_t most_choices = 1U << 16;

  View look(TermId id, unsigned depth) {
    const Term& term = terms_[id];
    switch (term.kind) {
      case TermKind::set:
        return {.choices = settled(terms_.points(term)) ? 0U : 1U};
      case TermKind::negation:
        return of(term.first, depth + 1);
      case TermKind::sequence:
        return sequence(id, depth);
      case TermKind::repeat:
        return repeat(term, depth);
      case TermKind::either:
      case TermKind::both: {
        View all{.choices = term.kind == TermKind::either ? 1U : 0U};
        for (const TermId part : terms_.parts(term)) {
          const View one = of(part, depth + 1);
          all = {all.loose || one.loose, std::max(all.choices, one.choices),
                 all.grows || one.grows};
        }
        return all;
      }
      default:
        return {};
    }
  }

  static bool settled(const CodePoints& points) {
    return points.ranges().size() == 1 && points.ranges()[0].first == points.ranges()[0].last;
  }

  View sequence(TermId id, unsigned depth) {
    std::vector<TermId> heads;
    for (; terms_[id].kind == TermKind::sequence; id = terms_[id].second) {
      heads.push_back(terms_[id].first);
    }
    View rest = of(id, depth + 1);
    for (; !heads.empty(); heads.pop_back()) {
      const View head = of(heads.back(), depth + 1);
      rest = {head.loose || rest.loose, std::min(head.choices + rest.choices, most_choices),
              head.grows || rest.grows || (head.loose && rest.choices >= enough)};
    }
    return rest;
  }

  View repeat(const Term& term, unsigned depth) {
    const View once = of(term.first, depth + 1);
    const bool loose =
        once.loose || term.most == unbounded || term.most - term.least > many_lengths;
    const std::uint64_t times = std::max(term.least, 1U);
    const auto choices =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(times * once.choices, most_choices));
    const bool counted = once.loose && times > 1 ? choices >= enough : once.choices >= enough;
    return {loose, choices, once.grows || (loose && counted)};
  }

  const TermPool& terms_;
  std::unordered_map<TermId, View> known_;
};

}  // namespace

bool may_grow(const TermPool& terms, TermId term) { return Outlook(terms).of(term).grows; }

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
