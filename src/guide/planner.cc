#include "guide/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "espalier/error.h"

namespace espalier::guide {
namespace {

// Names and other keys together are fewer than few_texts: no region runs out of keys unseen.
constexpr std::uint64_t most_members = few_texts / 2 - 1;
constexpr std::size_t listed_keys = 256;       // a finite set of so many keys becomes names
constexpr std::size_t most_witnesses = 6;      // any of them may be any member
constexpr std::size_t explored_states = 4096;  // of keys; with more, keys are counted as few

}  // namespace

Plan Planner::plan() {
  plan_.root = reader_.root();
  NodeId node = plan_.root;
  try {
    if (!inhabited(node)) throw InvalidSchema("#: the schema allows no value at all");
    reach(node);
    while (!open_.empty()) {
      node = open_.back();
      open_.pop_back();
      plan_node(node);
    }
  } catch (const UnsupportedGuide& fault) {
    throw UnsupportedGuide(reader_.placed(node, fault.what()));
  }
  return std::move(plan_);
}

NodeId Planner::reach(NodeId node) {
  if (node >= reached_.size()) reached_.resize(node + 1);
  if (!reached_[node]) {
    reached_[node] = true;
    open_.push_back(node);
  }
  return node;
}

bool Planner::inhabited(NodeId node) { return inhabited(node, emptiness_.of(node)); }

bool Planner::inhabited(NodeId node, Verdict verdict) {
  if (verdict != Verdict::unknown) return verdict == Verdict::inhabited;
  if (!emptiness_.fault().empty()) {
    throw UnsupportedGuide(reader_.placed(node, emptiness_.fault()));
  }
  throw UnsupportedGuide(
      fmt::format("{}: whether any value fits cannot be decided", reader_.describe(node)));
}

void Planner::plan_node(NodeId id) {
  const Shape& shape = reader_.shape(id);
  Automaton& automaton = reader_.automaton();
  NodePlan node;
  node.literals = shape.literals;
  TermId numbers = shape.numbers;
  if (reader_.options().writing == Writing::plain) {
    numbers = automaton.terms().both(numbers, reader_.shortest_numbers());
  } else if (shape.exponents) {
    numbers = automaton.terms().either(numbers, reader_.exponents());
  }
  if (!automaton.empty(numbers)) node.numbers = automaton.start(numbers);
  if (!automaton.empty(shape.strings)) node.strings = automaton.start(shape.strings);
  for (const ArrayShape& array : shape.arrays) {
    if (inhabited(id, emptiness_.of(array))) node.arrays.push_back(plan_array(array));
  }
  for (const ObjectShape& object : shape.objects) {
    if (inhabited(id, emptiness_.of(object))) node.objects.push_back(plan_object(id, object));
  }
  if (plan_.nodes.size() <= id) plan_.nodes.resize(id + 1);
  plan_.nodes[id] = std::move(node);
}

std::uint32_t Planner::plan_array(const ArrayShape& shape) {
  ArrayPlan plan;
  if (!shape.counted.empty()) {
    plan.counting.emplace(shape, reader_.nodes(), [&](NodeId item) { return inhabited(item); });
    for (const auto& choices : plan.counting->all_choices()) {
      for (const ItemCounting::Choice& choice : choices) reach(choice.value);
    }
    if (shape.unique) throw UnsupportedGuide("uniqueItems with contains is not supported");
    plan_.arrays.push_back(std::move(plan));
    return static_cast<std::uint32_t>(plan_.arrays.size() - 1);
  }
  plan.rest = shape.rest;
  plan.least = shape.least;
  plan.most = shape.most;
  for (const NodeId item : shape.prefix) {
    if (plan.prefix.size() >= plan.most) break;
    if (!inhabited(item)) {
      plan.most = plan.prefix.size();
      break;
    }
    plan.prefix.push_back(reach(item));
  }
  if (plan.most > plan.prefix.size()) {
    if (inhabited(plan.rest)) {
      reach(plan.rest);
    } else {
      plan.most = plan.prefix.size();
    }
  }
  if (shape.unique && plan.most > 1) plan_unique(shape, plan);
  plan_.arrays.push_back(std::move(plan));
  return static_cast<std::uint32_t>(plan_.arrays.size() - 1);
}

void Planner::plan_unique(const ArrayShape& shape, ArrayPlan& plan) {
  const Shape& items = reader_.shape(shape.rest);
  if (!shape.prefix.empty() || !items.arrays.empty() || !items.objects.empty()) {
    throw UnsupportedGuide(
        fmt::format("{}: uniqueItems is supported for items of one scalar schema only",
                    reader_.describe(shape.rest)));
  }
  Automaton& automaton = reader_.automaton();
  const TermId numbers = automaton.terms().both(items.numbers, reader_.shortest_numbers());
  if (!automaton.empty(numbers)) plan.unique_numbers = automaton.start(numbers);
  plan.unique = true;
  plan.few = (!automaton.empty(items.strings) && reaches_few(automaton.start(items.strings))) ||
             (plan.unique_numbers != Automaton::dead && reaches_few(plan.unique_numbers));
  plan.most = std::min({plan.most, distinct_scalars(reader_, items, few_texts), most_members});
}

std::uint32_t Planner::plan_object(NodeId node, const ObjectShape& shape) {
  ObjectPlan plan;
  plan.least = shape.least;
  plan.most = std::min<std::uint64_t>(shape.most, most_members);
  plan_names(node, shape, plan);
  if (plan.least > most_members || plan.names.size() > most_members) {
    throw UnsupportedGuide(fmt::format("{}: objects of more than {} members are not supported",
                                       reader_.describe(node), most_members));
  }
  plan_regions(node, shape, plan);
  forbid_unreachable(plan);
  count_required(plan);
  if (!shape.order.empty()) rank_names(node, shape, plan);
  for (const NamePlan& name : plan.names) {
    if (name.value != no_value) reach(name.value);
  }
  for (const RegionPlan& region : plan.regions) {
    for (const MemberChoice& choice : region.choices) reach(choice.value);
  }
  plan_.objects.push_back(std::move(plan));
  return static_cast<std::uint32_t>(plan_.objects.size() - 1);
}

void Planner::plan_names(NodeId node, const ObjectShape& shape, ObjectPlan& plan) {
  std::vector<NameRule> rules = shape.names;
  // A region of few keys is a list of them.
  for (const KeyRegion& region : shape.regions) {
    const auto keys = reader_.automaton().enumerate(region.keys, listed_keys);
    if (!keys) continue;
    for (const std::u32string& key : *keys) {
      const NameId name = reader_.names().id(key);
      const auto same = [&](const NameRule& rule) { return rule.name == name; };
      if (std::ranges::none_of(shape.names, same)) rules.push_back({name, region.value, false});
    }
  }
  std::ranges::sort(rules, {}, [&](const NameRule& rule) -> const std::u32string& {
    return reader_.names().text(rule.name);
  });
  const auto place_of = [&](NameId name) {
    const auto rule = std::ranges::find(rules, name, &NameRule::name);
    if (rule == rules.end()) {
      throw UnsupportedGuide(fmt::format("{}: a needed key has no rule", reader_.describe(node)));
    }
    return static_cast<std::uint32_t>(rule - rules.begin());
  };
  for (const NameRule& rule : rules) {
    const NodeId value = inhabited(rule.value) ? rule.value : no_value;
    plan.names.push_back({reader_.names().text(rule.name), value, rule.required, {}});
  }
  for (const KeyNeed& need : shape.needs) {
    plan.names[place_of(need.key)].needs.push_back(place_of(need.other));
  }
  plan.has_needs = !shape.needs.empty();
}

void Planner::plan_regions(NodeId node, const ObjectShape& shape, ObjectPlan& plan) {
  Automaton& automaton = reader_.automaton();
  if (shape.witnesses.size() > most_witnesses) {
    throw UnsupportedGuide(fmt::format("{}: more than {} rules that some member must fail",
                                       reader_.describe(node), most_witnesses));
  }
  plan.witnesses = (1U << shape.witnesses.size()) - 1;
  for (const KeyRegion& region : shape.regions) {
    if (automaton.enumerate(region.keys, listed_keys)) {
      for (const MemberWitness& witness : shape.witnesses) {
        if (!automaton.disjoint(region.keys, witness.keys)) refuse_few(node);
      }
      continue;  // they are names
    }
    // Keys that may be a witness are a region of their own.
    std::vector<std::pair<TermId, std::uint32_t>> parts{{region.keys, 0}};
    for (std::uint32_t i = 0; i < shape.witnesses.size(); ++i) {
      const TermId keys = shape.witnesses[i].keys;
      std::vector<std::pair<TermId, std::uint32_t>> divided;
      for (const auto& [part, witnesses] : parts) {
        divided.emplace_back(automaton.terms().both(part, keys), witnesses | 1U << i);
        divided.emplace_back(automaton.terms().both(part, automaton.terms().negation(keys)),
                             witnesses);
      }
      parts = std::move(divided);
    }
    for (const auto& [part, witnesses] : parts)
      plan_region(node, shape, region, part, witnesses, plan);
  }
}

void Planner::plan_region(NodeId node, const ObjectShape& shape, const KeyRegion& region,
                          TermId keys, std::uint32_t witnesses, ObjectPlan& plan) {
  Automaton& automaton = reader_.automaton();
  if (automaton.empty(keys)) return;
  RegionPlan part;
  part.keys = automaton.start(keys);
  // A witness must find a key however many are taken.
  if (witnesses != 0 && automaton.few(part.keys, few_texts)) refuse_few(node);
  for (std::uint32_t chosen = 0; chosen <= witnesses; ++chosen) {
    if ((chosen & ~witnesses) != 0) continue;
    std::vector<NodeId> parts{region.value};
    for (std::size_t i = 0; i < shape.witnesses.size(); ++i) {
      if ((chosen >> i & 1U) != 0) parts.push_back(shape.witnesses[i].value);
    }
    const NodeId value = reader_.nodes().all(std::move(parts));
    if (inhabited(value)) part.choices.push_back({chosen, value});
  }
  if (part.choices.empty()) return;
  part.few = reaches_few(part.keys);
  plan.regions.push_back(std::move(part));
}

void Planner::refuse_few(NodeId node) {
  throw UnsupportedGuide(
      fmt::format("{}: the opposite of a rule for a small kind of keys is not supported here",
                  reader_.describe(node)));
}

// Whether from some state only few texts lead to acceptance.
bool Planner::reaches_few(StateId start) {
  Automaton& automaton = reader_.automaton();
  if (automaton.term(start) == TermPool::everything) return false;
  std::unordered_set<StateId> seen{start};
  std::vector<StateId> open{start};
  while (!open.empty()) {
    const StateId state = open.back();
    open.pop_back();
    if (automaton.few(state, few_texts)) return true;
    for (const Automaton::Step& step : automaton.steps(state)) {
      if (automaton.alive(step.next) && seen.insert(step.next).second) open.push_back(step.next);
    }
    if (seen.size() > explored_states) return true;
  }
  return false;
}

// Declared keys by their place, all others behind them.
void Planner::rank_names(NodeId node, const ObjectShape& shape, ObjectPlan& plan) {
  plan.last_rank = static_cast<std::uint32_t>(shape.order.size());
  for (NamePlan& name : plan.names) name.rank = plan.last_rank;
  for (std::uint32_t i = 0; i < plan.last_rank; ++i) {
    const std::u32string& text = reader_.names().text(shape.order[i]);
    const auto name = std::ranges::lower_bound(plan.names, text, {}, &NamePlan::text);
    if (name != plan.names.end() && name->text == text) name->rank = i;
  }
  // Keys that are left out cannot come later: what must come has to be possible in this order.
  const auto refuse = [&](std::string_view what) {
    throw UnsupportedGuide(fmt::format("{}: {} not supported where keys come in declared order",
                                       reader_.describe(node), what));
  };
  if (plan.has_needs) refuse("keys that need others (dependentRequired, dependencies) are");
  const bool endless = !std::ranges::all_of(plan.regions, &RegionPlan::few);
  if (plan.least > plan.required && !endless) {
    refuse("minProperties above the number of required keys is");
  }
}

// A key that needs a forbidden one is forbidden.
void Planner::forbid_unreachable(ObjectPlan& plan) {
  for (bool changed = plan.has_needs; changed;) {
    changed = false;
    for (NamePlan& name : plan.names) {
      if (name.value == no_value) continue;
      const bool blocked = std::ranges::any_of(
          name.needs, [&](std::uint32_t other) { return plan.names[other].value == no_value; });
      if (!blocked) continue;
      name.value = no_value;
      changed = true;
    }
  }
}

// What required keys need is required.
void Planner::count_required(ObjectPlan& plan) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const NamePlan& name : plan.names) {
      if (!name.required) continue;
      for (const std::uint32_t other : name.needs) {
        changed = changed || !plan.names[other].required;
        plan.names[other].required = true;
      }
    }
  }
  plan.required = static_cast<std::uint32_t>(
      std::ranges::count_if(plan.names, [](const NamePlan& name) { return name.required; }));
}

}  // namespace espalier::guide
