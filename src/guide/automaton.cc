#include "guide/automaton.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "espalier/error.h"

namespace espalier::guide {
namespace {

constexpr std::size_t most_width = 16;  // of the states that an exploration visits, on average

}  // namespace

Automaton::Automaton(TermPool& terms, const GuideLimits& limits, CodePoints alphabet)
    : terms_(terms), limits_(limits), alphabet_(std::move(alphabet)) {
  start(TermPool::nothing);
  states_[dead].life = Life::dead;
}

StateId Automaton::start(TermId term) {
  const auto [known, added] = ids_.emplace(term, static_cast<StateId>(states_.size()));
  if (added) {
    State& state = states_.emplace_back();
    state.term = term;
    state.accepts = terms_.nullable(term);
    if (state.accepts || term == TermPool::everything) state.life = Life::alive;
  }
  return known->second;
}

Automaton::State& Automaton::expanded(StateId id) {
  if (!states_[id].expanded) {
    std::vector<char32_t> firsts = terms_.boundaries(states_[id].term);
    for (const CodeRange& range : alphabet_.ranges()) {
      firsts.push_back(range.first);
      if (range.last < last_code_point) firsts.push_back(range.last + 1);
    }
    std::ranges::sort(firsts);
    std::vector<Range> ranges;
    for (const char32_t first : firsts) {
      const bool known = first > last_code_point || alphabet_.contains(first);
      const StateId next = !known ? dead : start(terms_.derivative(states_[id].term, first));
      const bool apart = first == TermPool::first_document;  // so that documents() finds them
      if (ranges.empty() || ranges.back().next != next || apart) ranges.push_back({first, next});
    }
    State& state = states_[id];
    state.ranges = std::move(ranges);
    state.ascii = std::make_unique<std::array<StateId, 128>>();
    std::size_t at = 0;
    for (char32_t c = 0; c < state.ascii->size(); ++c) {
      while (at + 1 < state.ranges.size() && state.ranges[at + 1].first <= c) ++at;
      (*state.ascii)[c] = state.ranges[at].next;
    }
    state.expanded = true;
  }
  return states_[id];
}

StateId Automaton::next(StateId id, char32_t code_point) {
  const State& state = expanded(id);
  if (code_point < state.ascii->size()) return (*state.ascii)[code_point];
  const auto after = std::ranges::upper_bound(state.ranges, code_point, {}, &Range::first);
  return std::prev(after)->next;
}

bool Automaton::alive(StateId id) {
  if (states_[id].life == Life::unknown && surely_alive(states_[id].term)) {
    states_[id].life = Life::alive;
  }
  if (states_[id].life == Life::unknown) explore(id);
  return states_[id].life == Life::alive;
}

// Whether an expression shows by its form that some text belongs to it: one without intersections
// and complements does. Walking to such a text may make as many states as the text has characters.
bool Automaton::surely_alive(TermId id) {
  std::vector<TermId> chain;  // of sequences, which may be as long as a text
  bool alive = true;
  for (;; id = terms_[id].second) {
    const auto known = surely_alive_.find(id);
    if (known != surely_alive_.end()) {
      alive = known->second;
      break;
    }
    chain.push_back(id);
    if (terms_[id].kind == TermKind::sequence) continue;
    alive = look_surely_alive(id);
    break;
  }
  for (; !chain.empty(); chain.pop_back()) {
    const Term& term = terms_[chain.back()];
    if (term.kind == TermKind::sequence) alive = alive && surely_alive(term.first);
    surely_alive_.emplace(chain.back(), alive);
  }
  return alive;
}

// Of what is no sequence.
bool Automaton::look_surely_alive(TermId id) {
  const Term term = terms_[id];
  if (term.nullable) return true;
  switch (term.kind) {
    case TermKind::set:
      return std::ranges::any_of(terms_.points(term).ranges(), [this](const CodeRange& range) {
        return alphabet_.contains(range.first) || alphabet_.contains(range.last);
      });
    case TermKind::either:
      return std::ranges::any_of(terms_.parts(term),
                                 [this](TermId part) { return surely_alive(part); });
    case TermKind::repeat:
      return surely_alive(term.first);
    default:
      return false;
  }
}

// Depth first, until a state is found that is alive: then all on the path to it are. Where none is,
// everything that was visited is dead.
void Automaton::explore(StateId from) {
  struct Visit {
    StateId state;
    std::size_t range;
  };
  std::vector<Visit> path{{from, 0}};
  std::vector<StateId> visited{from};
  std::unordered_map<StateId, bool> seen{{from, true}};
  std::size_t width = terms_.width(states_[from].term);
  const auto is_alive = [&](const Range& range) { return states_[range.next].life == Life::alive; };
  while (!path.empty()) {
    const State& state = expanded(path.back().state);
    if (path.back().range == 0 && std::ranges::any_of(state.ranges, is_alive)) {
      for (const Visit& step : path) states_[step.state].life = Life::alive;
      return;
    }
    if (path.back().range == state.ranges.size()) {
      path.pop_back();
      continue;
    }
    const StateId next = state.ranges[path.back().range++].next;
    const Life life = states_[next].life;
    if (life == Life::dead || !seen.emplace(next, true).second) continue;
    width += terms_.width(states_[next].term);
    if (visited.size() >= limits_.states || width >= most_width * limits_.states) {
      throw UnsupportedGuide(
          "a pattern needs too many states to decide what it can match; "
          "simplify it or lower its bounds");
    }
    visited.push_back(next);
    path.push_back({next, 0});
  }
  for (const StateId state : visited) states_[state].life = Life::dead;
}

bool Automaton::contains(TermId term, std::u32string_view text) {
  StateId state = start(term);
  for (const char32_t c : text) state = next(state, c);
  return accepts(state);
}

bool Automaton::alive_through(StateId id, char32_t first, char32_t last) {
  const State& state = expanded(id);
  auto range = std::prev(std::ranges::upper_bound(state.ranges, first, {}, &Range::first));
  for (; range != state.ranges.end() && range->first <= last; ++range) {
    if (alive(range->next)) return true;
  }
  return false;
}

std::uint64_t Automaton::count(StateId from, std::uint64_t most) {
  // Depth first; a state on the path that is met again makes texts without end.
  constexpr std::uint64_t on_path = ~std::uint64_t{0};
  std::unordered_map<StateId, std::uint64_t> counts;
  struct Visit {
    StateId state;
    std::size_t range;
    std::uint64_t sum;
  };
  if (!alive(from)) return 0;
  std::vector<Visit> path{{from, 0, accepts(from) ? 1U : 0U}};
  counts[from] = on_path;
  std::uint64_t result = 0;
  while (!path.empty()) {
    Visit& step = path.back();
    const State& state = expanded(step.state);
    if (step.range == state.ranges.size()) {
      result = std::min(step.sum, most);
      counts[step.state] = result;
      path.pop_back();
      if (!path.empty()) {
        Visit& parent = path.back();  // its range stays until the child is counted
        parent.range -= 1;
      }
      continue;
    }
    const std::size_t at = step.range++;
    const StateId next = state.ranges[at].next;
    if (!alive(next)) continue;
    const auto known = counts.find(next);
    if (known != counts.end() && known->second == on_path) return most;
    if (known == counts.end()) {
      if (counts.size() >= limits_.states) {
        throw UnsupportedGuide(
            "a pattern has too many states to count what it can match; "
            "simplify it or lower its bounds");
      }
      counts[next] = on_path;
      path.push_back({next, 0, accepts(next) ? 1U : 0U});
      continue;
    }
    const char32_t first = state.ranges[at].first;
    const char32_t end =
        at + 1 < state.ranges.size() ? state.ranges[at + 1].first : last_code_point + 1;
    const std::uint64_t width = end - first;
    if (known->second >= most || known->second * width >= most) {
      step.sum = most;
    } else {
      step.sum = std::min(most, step.sum + known->second * width);
    }
  }
  return result;
}

std::uint64_t Automaton::known_count(StateId state, std::uint64_t most) {
  if (!states_[state].count) states_[state].count = count(state, most);
  return *states_[state].count;
}

bool Automaton::few_within(StateId from, std::uint64_t most, std::uint32_t length) {
  const std::uint64_t key = std::uint64_t{from} << 32 | length;
  const auto known = few_within_.find(key);
  if (known != few_within_.end()) return known->second;
  bool found = few(from, most);
  std::vector<StateId> level{from};
  std::unordered_set<StateId> seen{from};
  for (std::uint32_t i = 0; i < length && !level.empty() && !found; ++i) {
    std::vector<StateId> next;
    for (const StateId state : level) {
      for (const Step& step : steps(state)) {
        if (!alive(step.next) || !seen.insert(step.next).second) continue;
        found = found || few(step.next, most);
        next.push_back(step.next);
      }
    }
    level = std::move(next);
  }
  few_within_.emplace(key, found);
  return found;
}

bool Automaton::free_for(StateId from, const CodePoints& characters, std::uint32_t length) {
  constexpr std::size_t most_states = 64;  // in step with each other: wider is walked instead
  std::vector<StateId> level{from};
  std::vector<StateId> seen{from};
  for (std::uint32_t i = 0; i < length && !level.empty(); ++i) {
    std::vector<StateId> next;
    for (const StateId state : level) {
      for (const CodeRange& range : characters.ranges()) {
        for (const Step& step : steps(state, range.first, range.last)) {
          if (!alive(step.next)) return false;
          // A state that was met with more characters to come need not be met again.
          if (std::ranges::find(seen, step.next) != seen.end()) continue;
          seen.push_back(step.next);
          next.push_back(step.next);
        }
      }
    }
    if (next.size() > most_states) return false;
    level = std::move(next);
  }
  return true;
}

std::vector<Automaton::Step> Automaton::steps(StateId id, char32_t first, char32_t last) {
  const State& state = expanded(id);
  std::vector<Step> result;
  for (std::size_t i = 0; i < state.ranges.size(); ++i) {
    const char32_t begin = std::max(first, state.ranges[i].first);
    const char32_t end =
        i + 1 < state.ranges.size() ? state.ranges[i + 1].first - 1 : terms_.last_symbol();
    if (begin <= std::min(end, last)) {
      result.push_back({begin, std::min(end, last), state.ranges[i].next});
    }
  }
  return result;
}

std::vector<Automaton::DocumentStep> Automaton::documents(StateId id) {
  std::vector<DocumentStep> result;
  if (expanded(id).ranges.back().first < TermPool::first_document) return result;
  for (const Step& step : steps(id, TermPool::first_document, terms_.last_symbol())) {
    if (!alive(step.next)) continue;
    for (char32_t symbol = step.first; symbol <= step.last; ++symbol) {
      result.push_back({symbol - TermPool::first_document, step.next});
    }
  }
  return result;
}

std::optional<std::vector<std::u32string>> Automaton::enumerate(TermId term, std::size_t most) {
  const StateId from = start(term);
  if (count(from, most + 1) > most) return std::nullopt;
  std::vector<std::u32string> texts;
  std::vector<std::pair<StateId, std::u32string>> open{{from, U""}};
  while (!open.empty()) {
    auto [id, text] = std::move(open.back());
    open.pop_back();
    if (!alive(id)) continue;
    if (accepts(id)) texts.push_back(text);
    for (const Step& step : steps(id)) {
      if (!alive(step.next)) continue;
      for (char32_t c = step.first; c <= step.last; ++c) open.emplace_back(step.next, text + c);
    }
  }
  std::ranges::sort(texts);
  return texts;
}

}  // namespace espalier::guide
