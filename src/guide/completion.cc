#include "guide/completion.h"

#include <algorithm>
#include <optional>
#include <string>

#include "guide/shortest_text.h"

namespace espalier::guide {
namespace {

using Cost = Completion::Cost;

constexpr std::size_t tried_names = 32;  // of those that a key may become

// `a` and `count` times `b`.
Cost plus_times(Cost a, std::uint64_t count, Cost b) {
  if (b != 0 && count > Completion::endless / b) return Completion::endless;
  return Completion::plus(a, count * b);
}

std::uint64_t length(const SeenKey* keys) {
  std::uint64_t count = 0;
  for (; keys != nullptr; keys = keys->before.get()) ++count;
  return count;
}

std::string name_rest(std::u32string_view name) {
  std::string text;
  for (const char32_t c : name) text += json_character(c);
  return text + "\":";
}

}  // namespace

// For each place in the bytes the fewest tokens that spell what is behind it, by way of the fewest
// for each end of that.
std::vector<Cost> Completion::ends(std::string_view bytes) const {
  std::vector<Cost> costs(bytes.size() + 1, endless);
  costs[bytes.size()] = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    for (const TokenId token : trie_->beginnings(bytes.substr(i))) {
      costs[i] = std::min(costs[i], plus(1, costs[i + trie_->text(token).size()]));
    }
  }
  return costs;
}

Cost Completion::of(const Configuration& at) {
  const bool in_text = at.place == Place::string || at.place == Place::key;
  if (in_text && !at.bytes.between_characters()) return character_rest(at);
  const Cost end = at.frame ? rest(at.frame) : 0;
  switch (at.place) {
    case Place::text:
      return endless;
    case Place::finished:
    case Place::object_begin:
    case Place::array_begin:
    case Place::member_end:
    case Place::item_end:
      return end;
    case Place::value:
      if (!at.frame) return plus(value(at.node), 1);
      if (!at.frame->is_object && plan_.arrays[at.frame->plan].unique) {
        return plus(unique_item(plan_.arrays[at.frame->plan]), end);
      }
      return plus(value(at.node), end);
    case Place::literal:
      return plus(text(json_words[at.first].substr(at.depth)), end);
    case Place::number:
      if (!at.frame) return plus(number_rest(at.state), 1);
      return plus(at.text ? distinct(at.state, alike(at) + 1) : number_rest(at.state), end);
    case Place::string:
      if (!at.text) return plus(string_rest(at.state), end);
      return std::min(ended_text(at), plus(distinct(at.state, alike(at) + 1), end));
    case Place::key_begin:
      return next_member(at.frame);
    case Place::key:
      return key_rest(at);
    case Place::colon:
      return plus(1, plus(value(at.node), end));
  }
  return endless;
}

// Of a text and what ends it. All states on the shortest way have their rests from it.
Cost Completion::text_rest(StateId state, Rests& rests, std::string_view end) {
  if (const auto known = rests.find(state); known != rests.end()) return known->second;
  const auto shortest = shortest_text(automaton_, state);
  if (!shortest) return rests[state] = endless;
  std::string bytes;
  for (const std::string& character : shortest->characters) bytes += character;
  bytes += end;
  const std::vector<Cost> costs = ends(bytes);
  std::size_t place = 0;
  for (std::size_t i = 0; i < shortest->states.size(); ++i) {
    Cost& rest = rests.try_emplace(shortest->states[i], endless).first->second;
    rest = std::min(rest, costs[place]);
    if (i < shortest->characters.size()) place += shortest->characters[i].size();
  }
  return rests.at(state);
}

// Where the text that `at` is in can end at once: from there on; else endless.
Cost Completion::ended_text(const Configuration& at) {
  Configurations ended;
  machine_.step(at, '"', ended);
  Cost least = endless;
  for (const Configuration& each : ended) least = std::min(least, plus(1, of(each)));
  return least;
}

// How many keys or items that are there begin as the one that `at` is in.
std::uint64_t Completion::alike(const Configuration& at) const {
  const std::u32string text = at.text.text();
  std::uint64_t count = 0;
  for (const SeenKey* seen = at.frame->others.get(); seen != nullptr; seen = seen->before.get()) {
    if (seen->text.starts_with(text)) ++count;
  }
  return count;
}

// Of a text, with the last quote, of which `number` - 1 others may be taken.
Cost Completion::distinct(StateId state, std::uint64_t number) {
  const auto known = distinct_.find({state, number});
  if (known != distinct_.end()) return known->second;
  const auto bytes = bytes_of_shortest(automaton_, state, number);
  return distinct_[{state, number}] = bytes ? plus(*bytes, 1) : endless;
}

// Inside a character or escape: what ends it soonest, where the next byte does, else any next byte.
Cost Completion::character_rest(Configuration at) {
  Cost least = endless;
  std::string bytes;
  Configurations next;
  while (least == endless && !at.bytes.between_characters()) {
    std::optional<Configuration> longer;
    for (int byte = '"'; byte < 0xC0 && !longer; ++byte) {
      next.clear();
      machine_.step(at, static_cast<std::uint8_t>(byte), next);
      if (next.empty()) continue;
      const std::string more = bytes + static_cast<char>(byte);
      if (next.front().bytes.between_characters()) {
        least = std::min(least, plus(text(more), of(next.front())));
      } else if (least == endless) {
        longer = std::move(next.front());
        bytes = more;
      }
    }
    if (!longer) break;
    at = *std::move(longer);
  }
  return least;
}

Cost Completion::value(NodeId node) {
  if (values_.empty()) values_.resize(plan_.nodes.size());
  if (values_[node] == 0) {
    try {
      settle(node);
    } catch (...) {  // what is half settled says nothing
      values_.clear();
      settling_ = false;
      throw;
    }
  }
  return values_[node];
}

// The least costs of a node and of all that it may need: from endless they fall, until nothing
// changes any more.
void Completion::settle(NodeId node) {
  std::vector<NodeId> nodes{node};
  values_[node] = endless;
  std::vector<NodeId> parts;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    parts.clear();
    find_parts(nodes[i], parts);
    for (const NodeId part : parts) {
      if (part == no_value || values_[part] != 0) continue;
      values_[part] = endless;
      nodes.push_back(part);
    }
  }
  settling_ = true;
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = nodes.size(); i-- > 0;) {  // parts come behind what they are part of
      const Cost cost = least_of(nodes[i]);
      changed = changed || cost < values_[nodes[i]];
      values_[nodes[i]] = std::min(values_[nodes[i]], cost);
    }
  }
  settling_ = false;
}

// The nodes of which least_of() may ask.
void Completion::find_parts(NodeId node, std::vector<NodeId>& parts) const {
  for (const std::uint32_t at : plan_.nodes[node].arrays) {
    const ArrayPlan& array = plan_.arrays[at];
    if (array.counting) {
      for (const auto& choices : array.counting->all_choices()) {
        for (const ItemCounting::Choice& choice : choices) parts.push_back(choice.value);
      }
      continue;
    }
    for (std::size_t i = 0; i < array.prefix.size() && i < array.least; ++i) {
      parts.push_back(array.prefix[i]);
    }
    if (array.least > array.prefix.size() && !array.unique) parts.push_back(array.rest);
  }
  for (const std::uint32_t at : plan_.nodes[node].objects) {
    const ObjectPlan& object = plan_.objects[at];
    const bool needs_others = object.least > object.required || object.witnesses != 0;
    for (const NamePlan& name : object.names) {
      if (name.required || needs_others) parts.push_back(name.value);
    }
    if (!needs_others) continue;
    for (const RegionPlan& region : object.regions) {
      for (const MemberChoice& choice : region.choices) parts.push_back(choice.value);
    }
  }
}

Cost Completion::least_of(NodeId node) {
  const NodePlan& plan = plan_.nodes[node];
  Cost least = endless;
  for (std::size_t i = 0; i < json_words.size(); ++i) {
    if ((plan.literals >> i & 1U) != 0) least = std::min(least, text(json_words[i]));
  }
  if (plan.numbers != Automaton::dead) least = std::min(least, number_rest(plan.numbers));
  if (plan.strings != Automaton::dead) least = std::min(least, plus(1, string_rest(plan.strings)));
  for (const std::uint32_t array : plan.arrays) {
    Frame frame;
    frame.plan = array;
    least = std::min(least, plus(1, own_rest(frame)));
  }
  for (const std::uint32_t object : plan.objects) {
    least = std::min(least, plus(1, own_rest(*machine_.new_object(object, nullptr))));
  }
  return least;
}

// From behind the member or item that has begun last to the end of the document.
Cost Completion::rest(const FramePtr& frame) {
  constexpr std::size_t most_known = 4096;
  if (!frame) return 0;
  if (const auto known = rests_.find(frame); known != rests_.end()) return known->second;
  const Cost cost = plus(own_rest(*frame), rest(frame->outer));
  if (rests_.size() >= most_known) rests_.clear();
  return rests_[frame] = cost;
}

// To the end of the object or array.
Cost Completion::own_rest(const Frame& frame) {
  return frame.is_object ? object_rest(frame) : array_rest(frame);
}

Cost Completion::array_rest(const Frame& frame) {
  const ArrayPlan& plan = plan_.arrays[frame.plan];
  if (plan.counting) return counted_rest(frame);
  if (frame.count >= plan.least) return 1;
  const std::uint64_t items = plan.least - frame.count;
  if (plan.unique) return plus_times(1, items, plus(1, unique_item(plan)));
  Cost cost = 1;
  std::uint64_t at = frame.count;
  for (; at < std::min<std::uint64_t>(plan.least, plan.prefix.size()); ++at) {
    cost = plus(cost, plus(1, value(plan.prefix[at])));
  }
  return at == plan.least ? cost : plus_times(cost, plan.least - at, plus(1, value(plan.rest)));
}

// Where items count for rules: from the last state to the first, until nothing changes.
Cost Completion::counted_rest(const Frame& frame) {
  const ItemCounting& counting = *plan_.arrays[frame.plan].counting;
  const auto known = counted_.find(frame.plan);
  if (known != counted_.end()) return known->second[frame.count];
  std::vector<Cost> costs(counting.states(), endless);
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = costs.size(); i-- > 0;) {
      const auto state = static_cast<ItemCounting::StateNumber>(i);
      Cost cost = counting.accepts(state) ? 1 : endless;
      for (const ItemCounting::Choice& choice : counting.choices(state)) {
        const auto next = counting.next(state, choice.counted);
        if (next) cost = std::min(cost, plus(1, plus(value(choice.value), costs[*next])));
      }
      changed = changed || cost < costs[i];
      costs[i] = std::min(costs[i], cost);
    }
  }
  const Cost cost = costs[frame.count];
  if (!settling_) counted_.emplace(frame.plan, std::move(costs));
  return cost;
}

// An item that may have to differ from all others.
Cost Completion::unique_item(const ArrayPlan& plan) {
  const NodePlan& node = plan_.nodes[plan.rest];
  Cost most = node.literals != 0 ? text("false") : 0;
  const auto kind = [&](StateId state) {
    if (state != Automaton::dead) most = std::max(most, plus(1, distinct(state, plan.least + 1)));
  };
  kind(node.strings);
  kind(plan.unique_numbers);
  return most;
}

Cost Completion::object_rest(const Frame& frame) {
  const std::vector<bool> due = missing(frame);
  Cost cost = 1;
  std::uint64_t members = frame.count;
  for (std::uint32_t i = 0; i < due.size(); ++i) {
    if (!due[i]) continue;
    cost = plus(cost, member(frame.plan, i));
    ++members;
  }
  for (std::uint32_t bit = 1; bit != 0 && bit <= frame.witnesses; bit <<= 1U) {
    if ((frame.witnesses & bit) == 0) continue;
    cost = plus(cost, other_member(frame, bit, frame.due()));
    ++members;
  }
  if (members >= plan_.objects[frame.plan].least) return cost;
  return plus(cost, filling(frame, members, due));
}

// Keys that must come still.
std::vector<bool> Completion::missing(const Frame& frame) const {
  const std::vector<NamePlan>& names = plan_.objects[frame.plan].names;
  std::vector<bool> due(names.size());
  std::vector<std::uint32_t> open;
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    if (names[i].required || frame.has_seen(i)) open.push_back(i);
  }
  std::vector<bool> visited(names.size());
  while (!open.empty()) {
    const std::uint32_t i = open.back();
    open.pop_back();
    if (visited[i]) continue;
    visited[i] = true;
    due[i] = !frame.has_seen(i);
    open.insert(open.end(), names[i].needs.begin(), names[i].needs.end());
  }
  return due;
}

// Members that nothing asks for but the least number of them.
Cost Completion::filling(const Frame& frame, std::uint64_t members, const std::vector<bool>& due) {
  const ObjectPlan& plan = plan_.objects[frame.plan];
  const auto there = [&](std::uint32_t i) { return due[i] || frame.has_seen(i); };
  std::vector<Cost> costs;
  for (std::uint32_t i = 0; i < plan.names.size(); ++i) {
    const NamePlan& name = plan.names[i];
    if (there(i) || name.value == no_value || name.rank < frame.rank) continue;
    if (!std::ranges::all_of(name.needs, there)) continue;
    costs.push_back(member(frame.plan, i));
  }
  std::ranges::sort(costs);
  Cost cost = 0;
  for (std::size_t i = 0; i < costs.size() && members < plan.least; ++i, ++members) {
    cost = plus(cost, costs[i]);
  }
  if (members == plan.least) return cost;
  const std::uint64_t others = plan.least - members;
  return plus_times(cost, others, other_member(frame, 0, frame.due() + others));
}

// A member of names known beforehand, behind a comma or not.
Cost Completion::member(std::uint32_t object, std::uint32_t name) {
  const NamePlan& plan = plan_.objects[object].names[name];
  const auto [known, added] = names_.try_emplace(std::uint64_t{object} << 32 | name, endless);
  if (added) {
    const std::string key = "\"" + name_rest(plan.text);
    known->second = std::max(text(key), text("," + key));
  }
  return plus(known->second, value(plan.value));
}

// A member of some region that makes `wanted` true, where up to `others` more are to come.
Cost Completion::other_member(const Frame& frame, std::uint32_t wanted, std::uint64_t others) {
  const ObjectPlan& plan = plan_.objects[frame.plan];
  // One more may be there by now than the frame has.
  const std::uint64_t taken = plan.names.size() + length(frame.others.get()) + others + 1;
  Cost least = endless;
  for (const RegionPlan& region : plan.regions) {
    for (const MemberChoice& choice : region.choices) {
      const bool possible =
          (choice.witnesses & wanted) == wanted && (choice.witnesses & ~frame.witnesses) == 0;
      if (!possible) continue;
      constexpr Cost comma_quote_colon = 3;
      const Cost key = plus(comma_quote_colon, distinct(region.keys, taken + 1));
      least = std::min(least, plus(key, value(choice.value)));
    }
  }
  return least;
}

// From behind a comma, where a member must come.
Cost Completion::next_member(const FramePtr& frame) {
  Configuration key;
  key.frame = frame;
  key.last = static_cast<std::uint32_t>(plan_.objects[frame->plan].names.size());
  const Cost named = named_key_rest(key, "\"");
  if (frame->missing > 0 && frame->witnesses == 0) return named;
  const std::uint32_t wanted = frame->witnesses & -frame->witnesses;  // the first of them
  Frame with = *frame;
  ++with.count;
  with.witnesses &= ~wanted;
  const Cost other = other_member(*frame, wanted, frame->due());
  if (other >= endless) return named;
  constexpr Cost comma = 1;
  return std::min(named, plus(other - comma, plus(own_rest(with), rest(frame->outer))));
}

// Inside a key.
Cost Completion::key_rest(const Configuration& at) {
  if (at.region == no_region) return named_key_rest(at, "");
  const Cost ended = ended_text(at);
  if (ended < endless) return ended;
  const Frame& frame = *at.frame;
  const std::uint64_t taken = at.last - at.first + alike(at);
  const Cost key = plus(1, distinct(at.state, taken + 1));  // and the colon
  Cost least = endless;
  for (const MemberChoice& choice : plan_.objects[frame.plan].regions[at.region].choices) {
    if (!machine_.room_for(frame, choice)) continue;
    Frame with = frame;
    ++with.count;
    with.witnesses &= ~choice.witnesses;
    const Cost end = plus(own_rest(with), rest(frame.outer));
    least = std::min(least, plus(key, plus(value(choice.value), end)));
  }
  return least;
}

// Where `begun` comes before the rest of the name. Keys that must come are tried first.
Cost Completion::named_key_rest(const Configuration& at, std::string_view begun) {
  const ObjectPlan& plan = plan_.objects[at.frame->plan];
  const std::vector<bool> due = missing(*at.frame);
  std::size_t tried = 0;
  Cost least = endless;
  for (const bool wanted : {true, false}) {
    for (std::uint32_t i = at.first; i < at.last && tried < tried_names; ++i) {
      if (due[i] != wanted || !machine_.name_free(*at.frame, i)) continue;
      ++tried;
      const auto name = std::u32string_view(plan.names[i].text).substr(at.depth);
      const Cost key = text(std::string(begun) + name_rest(name));
      const FramePtr with = machine_.with_name(*at.frame, i);
      const Cost end = plus(own_rest(*with), rest(at.frame->outer));
      least = std::min(least, plus(key, plus(value(plan.names[i].value), end)));
    }
  }
  return least;
}

}  // namespace espalier::guide
