#include "guide/item_counting.h"

#include <algorithm>

#include "espalier/error.h"

namespace espalier::guide {
namespace {

constexpr std::uint64_t most_states = 65'536;
constexpr std::size_t most_rules = 6;  // each item may count for any of them

}  // namespace

ItemCounting::ItemCounting(const ArrayShape& array, NodeTable& nodes,
                           const std::function<bool(NodeId)>& inhabited)
    : rules_(array.counted), least_(array.least), most_(array.most) {
  std::uint64_t first_alike = array.prefix.size();
  for (const ItemRule& rule : rules_) first_alike = std::max(first_alike, rule.from);
  last_place_ = most_ != no_limit ? most_ : std::max(first_alike, least_);
  std::uint64_t states = last_place_ < most_states ? last_place_ + 1 : most_states;
  for (const ItemRule& rule : rules_) {
    const std::uint64_t largest = rule.most == no_limit ? rule.least : rule.most;
    radixes_.push_back(std::min(largest, most_states) + 1);
    states = std::min(states * radixes_.back(), most_states);
  }
  if (states >= most_states || rules_.size() > most_rules) {
    throw UnsupportedGuide("contains, or the opposite of items, has too many ways to be met");
  }
  for (const std::uint64_t radix : radixes_) counts_ *= static_cast<std::uint32_t>(radix);
  choices_.resize(first_alike + 1);
  find_choices(array, nodes, inhabited);
  find_alive();
}

void ItemCounting::find_choices(const ArrayShape& array, NodeTable& nodes,
                                const std::function<bool(NodeId)>& inhabited) {
  for (std::size_t at = 0; at < choices_.size(); ++at) {
    for (std::uint32_t counted = 0; counted < 1U << rules_.size(); ++counted) {
      std::vector<NodeId> parts{at < array.prefix.size() ? array.prefix[at] : array.rest};
      bool possible = true;
      for (std::size_t i = 0; i < rules_.size(); ++i) {
        const ItemRule& rule = rules_[i];
        if ((counted >> i & 1U) != 0) {
          possible = possible && at >= rule.from;
          parts.push_back(rule.value);
        } else if (rule.most != no_limit && at >= rule.from) {
          parts.push_back(nodes.negation(rule.value));
        }
      }
      if (!possible) continue;
      const NodeId value = nodes.all(std::move(parts));
      if (inhabited(value)) choices_[at].push_back({counted, value});
    }
  }
}

// From the last place back to the first; the last may follow itself.
void ItemCounting::find_alive() {
  alive_.resize((last_place_ + 1) * counts_);
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = alive_.size(); i-- > 0;) {
      if (alive_[i]) continue;
      const auto state = static_cast<StateNumber>(i);
      bool alive = accepts(state);
      for (const Choice& choice : choices(state)) {
        const auto behind = next(state, choice.counted);
        alive = alive || (behind && alive_[*behind]);
      }
      alive_[i] = alive;
      changed = changed || alive;
    }
  }
}

std::uint64_t ItemCounting::count(StateNumber state, std::size_t rule) const {
  std::uint64_t rest = state % counts_;
  for (std::size_t i = 0; i < rule; ++i) rest /= radixes_[i];
  return rest % radixes_[rule];
}

bool ItemCounting::accepts(StateNumber state) const {
  if (place(state) < least_) return false;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (count(state, i) < rules_[i].least) return false;
  }
  return true;
}

const std::vector<ItemCounting::Choice>& ItemCounting::choices(StateNumber state) const {
  return choices_[std::min<std::uint64_t>(place(state), choices_.size() - 1)];
}

std::optional<ItemCounting::StateNumber> ItemCounting::next(StateNumber state,
                                                            std::uint32_t counted) const {
  std::uint64_t at = place(state);
  if (at < last_place_) {
    ++at;
  } else if (most_ != no_limit) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  for (std::size_t i = rules_.size(); i-- > 0;) {
    std::uint64_t now = count(state, i) + (counted >> i & 1U);
    if (now == radixes_[i]) {
      if (rules_[i].most != no_limit) return std::nullopt;
      --now;  // enough is enough
    }
    number = number * radixes_[i] + now;
  }
  return static_cast<StateNumber>(at * counts_ + number);
}

}  // namespace espalier::guide
