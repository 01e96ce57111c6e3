#include "guide/shortest_text.h"

#include <algorithm>
#include <array>
#include <functional>
#include <queue>
#include <unordered_map>

#include "base/json_text.h"
#include "guide/utf32.h"

namespace espalier::guide {
namespace {

constexpr std::size_t most_states = 4096;
constexpr std::uint32_t most_bytes = 64;  // of texts that are counted

// Characters of one length in JSON, the shortest first.
struct Written {
  char32_t first;
  char32_t last;
  std::uint32_t bytes;
};
constexpr std::array<Written, 13> written = {{{0x20, 0x21, 1},
                                              {0x23, 0x5B, 1},
                                              {0x5D, 0x7F, 1},
                                              {0x22, 0x22, 2},
                                              {0x5C, 0x5C, 2},
                                              {0x08, 0x0A, 2},
                                              {0x0C, 0x0D, 2},
                                              {0x80, 0x7FF, 2},
                                              {0x800, 0xFFFF, 3},
                                              {0x10000, last_code_point, 4},
                                              {0x00, 0x07, 6},
                                              {0x0B, 0x0B, 6},
                                              {0x0E, 0x1F, 6}}};

// Calls found(first, last, bytes) for the parts of a range whose characters have one length.
template <class Found>
void each_part(const Automaton::Step& step, const Found& found) {
  for (const Written& part : written) {
    const char32_t first = std::max(step.first, part.first);
    const char32_t last = std::min(step.last, part.last);
    if (first <= last) found(first, last, part.bytes);
  }
}

}  // namespace

std::string json_character(char32_t character) {
  if (character >= 0x80) return to_utf8(std::u32string(1, character));
  std::string json;
  base::append_json_character(static_cast<char>(character), json);
  return json;
}

// Dijkstra's search.
std::optional<ShortestText> shortest_text(Automaton& automaton, StateId from) {
  struct Arrival {
    StateId before;
    char32_t character;
    std::uint32_t bytes;
  };
  using Open = std::pair<std::uint32_t, StateId>;  // bytes, state
  std::unordered_map<StateId, Arrival> best{{from, {from, 0, 0}}};
  std::priority_queue<Open, std::vector<Open>, std::greater<>> open;
  open.emplace(0, from);
  while (!open.empty() && best.size() <= most_states) {
    const auto [bytes, state] = open.top();
    open.pop();
    if (bytes > best.at(state).bytes) continue;
    if (automaton.accepts(state)) {
      ShortestText text{{}, {state}};
      for (StateId at = state; at != from; at = best.at(at).before) {
        text.characters.push_back(json_character(best.at(at).character));
        text.states.push_back(best.at(at).before);
      }
      std::ranges::reverse(text.characters);
      std::ranges::reverse(text.states);
      return text;
    }
    for (const Automaton::Step& step : automaton.steps(state)) {
      if (!automaton.alive(step.next)) continue;
      each_part(step, [&](char32_t first, char32_t, std::uint32_t length) {
        const auto known = best.find(step.next);
        if (known != best.end() && known->second.bytes <= bytes + length) return;
        best.insert_or_assign(step.next, Arrival{state, first, bytes + length});
        open.emplace(bytes + length, step.next);
      });
    }
  }
  return std::nullopt;
}

// Counts texts, the shorter ones first.
std::optional<std::uint32_t> bytes_of_shortest(Automaton& automaton, StateId from,
                                               std::uint64_t number) {
  std::vector<std::unordered_map<StateId, std::uint64_t>> texts(most_bytes + 7);  // by bytes
  texts[0][from] = 1;
  std::uint64_t found = 0;
  std::optional<std::uint32_t> longest;
  std::size_t seen = 0;
  for (std::uint32_t bytes = 0; bytes <= most_bytes; ++bytes) {
    seen += texts[bytes].size();
    if (seen > most_states) return std::nullopt;
    for (const auto& [state, count] : texts[bytes]) {
      if (automaton.accepts(state)) {
        found += count;
        longest = bytes;
      }
      for (const Automaton::Step& step : automaton.steps(state)) {
        if (!automaton.alive(step.next)) continue;
        each_part(step, [&](char32_t first, char32_t last, std::uint32_t length) {
          std::uint64_t& next = texts[bytes + length][step.next];
          next = std::min(number, next + std::min(number, count * (last - first + 1)));
        });
      }
    }
    if (found >= number) return longest;
    texts[bytes].clear();
  }
  const auto none = [](const auto& level) { return level.empty(); };
  return std::ranges::all_of(texts, none) ? longest : std::nullopt;
}

}  // namespace espalier::guide
