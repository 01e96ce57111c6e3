// The deterministic automata of terms, made as they are walked: a state is a term, its transitions
// are its derivatives.
//
//   Automaton automaton(pool);
//   const StateId start = automaton.start(term);
//   const StateId next = automaton.next(start, U'a');
//   if (automaton.alive(next)) …    // some text leads from here to acceptance: decided exactly
//
// All terms of a pool share one automaton, so equal states of different patterns are one state.
// Not for several threads at a time. Members that explore throw UnsupportedGuide past
// GuideLimits::states.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "guide/term.h"

namespace espalier::guide {

using StateId = std::uint32_t;

class Automaton {
 public:
  // No text holds a code point that is not of the alphabet.
  explicit Automaton(TermPool& terms, const GuideLimits& limits = {},
                     CodePoints alphabet = CodePoints::all());

  static constexpr StateId dead = 0;  // the state of the empty term; others may be dead too

  TermPool& terms() noexcept { return terms_; }
  const CodePoints& alphabet() const noexcept { return alphabet_; }

  StateId start(TermId term);
  StateId next(StateId state, char32_t code_point);
  bool accepts(StateId state) const noexcept { return states_[state].accepts; }
  TermId term(StateId state) const noexcept { return states_[state].term; }

  bool alive(StateId state);
  bool empty(TermId term) { return !alive(start(term)); }
  bool disjoint(TermId a, TermId b) { return empty(terms_.both(a, b)); }
  bool contains(TermId term, std::u32string_view text);

  // Whether some code point of [first, last] leads to a state that is alive.
  bool alive_through(StateId state, char32_t first, char32_t last);

  // How many texts lead from here to acceptance; `most` for that many and more.
  std::uint64_t count(StateId state, std::uint64_t most);

  // The same, remembered: `most` must be the same in every call. And whether it is fewer than that.
  std::uint64_t known_count(StateId state, std::uint64_t most);
  bool few(StateId state, std::uint64_t most) { return known_count(state, most) < most; }

  // Whether few(next, most) holds for a living state that is at most `length` code points away.
  bool few_within(StateId state, std::uint64_t most, std::uint32_t length);

  // Where the code points of [first, last] lead, in ranges that lead to one state each.
  struct Step {
    char32_t first;
    char32_t last;
    StateId next;
  };
  std::vector<Step> steps(StateId state, char32_t first = 0, char32_t last = last_code_point);

  // The documents (TermPool::document) that may come next.
  struct DocumentStep {
    std::uint32_t document;
    StateId next;  // alive
  };
  std::vector<DocumentStep> documents(StateId state);

  // Whether every text of at most `length` characters of `characters` leads to a state that is
  // alive.
  bool free_for(StateId state, const CodePoints& characters, std::uint32_t length);

  // The texts themselves, where they are at most `most` many.
  std::optional<std::vector<std::u32string>> enumerate(TermId term, std::size_t most);

  std::size_t size() const noexcept { return states_.size(); }

 private:
  enum class Life : std::uint8_t { unknown, alive, dead };

  struct Range {
    char32_t first;
    StateId next;
  };
  struct State {
    TermId term = 0;
    bool accepts = false;
    bool expanded = false;
    Life life = Life::unknown;
    std::optional<std::uint64_t> count;               // up to the `most` of known_count()
    std::vector<Range> ranges;                        // ascending from 0 to the last symbol
    std::unique_ptr<std::array<StateId, 128>> ascii;  // of a state that is expanded
  };

  State& expanded(StateId state);
  bool surely_alive(TermId term);
  bool look_surely_alive(TermId term);
  void explore(StateId state);

  TermPool& terms_;
  GuideLimits limits_;
  CodePoints alphabet_;
  std::deque<State> states_;
  std::unordered_map<TermId, StateId> ids_;
  std::unordered_map<TermId, bool> surely_alive_;
  std::unordered_map<std::uint64_t, bool> few_within_;  // by state and length
};

}  // namespace espalier::guide
