// The shortest texts of an automaton, counted in the bytes that JSON needs for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "guide/automaton.h"

namespace espalier::guide {

// A character inside a JSON string, escaped where it must be.
std::string json_character(char32_t character);

// The shortest way from a state to acceptance: its characters as JSON writes them, and the states
// that they lead through, from the first one to the accepting one.
struct ShortestText {
  std::vector<std::string> characters;
  std::vector<StateId> states;
};

// Nothing where too many states would have to be looked at.
std::optional<ShortestText> shortest_text(Automaton& automaton, StateId from);

// How many bytes the `number` shortest texts from here have at most; of all of them, where they are
// fewer. Likewise nothing.
std::optional<std::uint32_t> bytes_of_shortest(Automaton& automaton, StateId from,
                                               std::uint64_t number);

}  // namespace espalier::guide
