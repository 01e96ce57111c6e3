#include "guide/answer_completion.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

namespace espalier::guide {
namespace {

using Cost = Completion::Cost;

constexpr std::size_t most_states = 4096;

// Bytes of a character in UTF-8; each is a token at worst.
Cost bytes_of(char32_t character) {
  return character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
}

}  // namespace

AnswerCompletion::AnswerCompletion(Automaton& texts, Automaton& values,
                                   const std::vector<Plan>& documents, const SchemaOptions& options,
                                   const std::shared_ptr<const TokenTrie>& trie)
    : texts_(texts) {
  for (const Plan& plan : documents) documents_.emplace_back(plan, values, options, trie);
}

Cost AnswerCompletion::of(const Configurations& at) {
  Cost soonest = Completion::endless;
  for (const Configuration& each : at) soonest = std::min(soonest, of(each));
  // Where there are more ways, one of them goes on.
  return soonest == 0 && at.size() > 1 ? 1 : soonest;
}

Cost AnswerCompletion::of(const Configuration& at) {
  if (at.place != Place::text) {
    return Completion::plus(documents_[at.document].of(at), text_rest(at.behind));
  }
  const Cost rest = text_rest(at.state);
  // The character's other bytes, and that what it is may cost another one.
  constexpr Cost half_character = 4;
  return at.in_raw_text() ? rest : Completion::plus(rest, half_character);
}

Cost AnswerCompletion::ended_text(const Configuration& at) {
  if (at.place == Place::text) return Completion::endless;
  return Completion::plus(documents_[at.document].ended_text(at), text_rest(at.behind));
}

// Dijkstra's search, over characters and whole documents.
Cost AnswerCompletion::text_rest(StateId from) {
  if (const auto known = text_rests_.find(from); known != text_rests_.end()) return known->second;
  using Open = std::pair<Cost, StateId>;
  std::priority_queue<Open, std::vector<Open>, std::greater<>> open;
  std::unordered_map<StateId, Cost> best{{from, 0}};
  Cost found = Completion::endless;
  open.emplace(0, from);
  while (!open.empty() && open.top().first < found && best.size() <= most_states) {
    const auto [cost, state] = open.top();
    open.pop();
    if (cost > best.at(state)) continue;
    bool goes_on = false;
    const auto reach = [&](StateId next, Cost more) {
      goes_on = true;
      const Cost sum = Completion::plus(cost, more);
      const auto [known, added] = best.try_emplace(next, sum);
      if (!added && known->second <= sum) return;
      known->second = sum;
      open.emplace(sum, next);
    };
    for (const Automaton::Step& step : texts_.steps(state)) {
      if (texts_.alive(step.next)) reach(step.next, bytes_of(step.first));
    }
    for (const Automaton::DocumentStep& step : texts_.documents(state)) {
      reach(step.next, documents_[step.document].whole());
    }
    if (texts_.accepts(state)) found = std::min(found, Completion::plus(cost, goes_on ? 1 : 0));
  }
  return text_rests_[from] = found;
}

}  // namespace espalier::guide
