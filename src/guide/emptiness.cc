#include "guide/emptiness.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "espalier/error.h"
#include "guide/item_counting.h"

namespace espalier::guide {
namespace {

constexpr std::size_t most_steps = 20'000;  // of one question
constexpr std::uint64_t many_keys = std::uint64_t{1} << 32;
constexpr std::size_t independent = ~std::size_t{0};  // relied on no open node

// One of them must hold.
Verdict either(Verdict a, Verdict b) {
  if (a == Verdict::inhabited || b == Verdict::inhabited) return Verdict::inhabited;
  return a == Verdict::unknown || b == Verdict::unknown ? Verdict::unknown : Verdict::empty;
}

// All of them must hold.
Verdict both(Verdict a, Verdict b) {
  if (a == Verdict::empty || b == Verdict::empty) return Verdict::empty;
  return a == Verdict::unknown || b == Verdict::unknown ? Verdict::unknown : Verdict::inhabited;
}

}  // namespace

std::uint64_t distinct_scalars(SchemaReader& reader, const Shape& shape, std::uint64_t most) {
  Automaton& automaton = reader.automaton();
  const TermId numbers = automaton.terms().both(shape.numbers, reader.shortest_numbers());
  const auto count = [&](TermId term) { return automaton.count(automaton.start(term), most); };
  const auto literals = static_cast<std::uint64_t>(std::popcount(shape.literals));
  return std::min(most, literals + count(shape.strings) + count(numbers));
}

std::vector<NameId> required_closure(const ObjectShape& object) {
  std::vector<NameId> names;
  for (const NameRule& rule : object.names) {
    if (rule.required) names.push_back(rule.name);
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (const KeyNeed& need : object.needs) {
      if (need.key == names[i] && std::ranges::find(names, need.other) == names.end()) {
        names.push_back(need.other);
      }
    }
  }
  return names;
}

template <class Question>
Verdict Emptiness::alone(Question question) {
  std::unordered_map<NodeId, std::size_t> open;
  open.swap(open_);
  const std::size_t lowest = std::exchange(lowest_, independent);
  if (questions_++ == 0) {
    steps_ = 0;
    fault_.clear();
  }
  const auto go_back = [&] {
    --questions_;
    lowest_ = lowest;
    open.swap(open_);
  };
  try {
    const Verdict verdict = question();
    go_back();
    return verdict;
  } catch (...) {  // an automaton with too many states
    go_back();
    throw;
  }
}

Verdict Emptiness::of(NodeId node) {
  return alone([&] { return solve(node); });
}

Verdict Emptiness::of(const ArrayShape& array) {
  return alone([&] { return solve_array(array); });
}

Verdict Emptiness::of(const ObjectShape& object) {
  return alone([&] { return solve_object(object); });
}

Verdict Emptiness::solve_array(const ArrayShape& array) {
  Verdict verdict = Verdict::inhabited;
  const std::uint64_t places = std::min<std::uint64_t>(array.least, array.prefix.size() + 1);
  for (std::uint64_t i = 0; i < places && verdict != Verdict::empty; ++i) {
    verdict = both(verdict, solve(i < array.prefix.size() ? array.prefix[i] : array.rest));
  }
  if (!array.counted.empty()) verdict = both(verdict, solve_counted(array));
  if (array.unique && array.least > 1) verdict = both(verdict, solve_unique(array));
  return verdict;
}

// Nothing while the node is being read, or where that is refused: whether it is empty is not known.
const Shape* Emptiness::shape_of(NodeId node) {
  try {
    return reader_.shape_if_known(node);
  } catch (const UnsupportedGuide& fault) {
    fault_ = fault.what();
    return nullptr;
  }
}

Verdict Emptiness::solve_counted(const ArrayShape& array) {
  bool unsure = false;
  const auto inhabited = [&](NodeId node) {
    const Verdict verdict = solve(node);
    unsure = unsure || verdict == Verdict::unknown;
    return verdict == Verdict::inhabited;
  };
  try {
    const ItemCounting counting(array, reader_.nodes(), inhabited);
    if (counting.alive(ItemCounting::start)) return Verdict::inhabited;
    return unsure ? Verdict::unknown : Verdict::empty;
  } catch (const UnsupportedGuide& fault) {
    fault_ = fault.what();
    return Verdict::unknown;
  }
}

// Whether there are enough different items.
Verdict Emptiness::solve_unique(const ArrayShape& array) {
  const Shape* shape = shape_of(array.rest);
  if (shape == nullptr || !array.prefix.empty()) return Verdict::unknown;
  if (distinct_scalars(reader_, *shape, array.least) >= array.least) return Verdict::inhabited;
  return shape->arrays.empty() && shape->objects.empty() ? Verdict::empty : Verdict::unknown;
}

// A node that is met inside itself counts as empty there: a value needs a finite proof. An answer
// that relied on that is remembered only where the node it relied on is this one.
Verdict Emptiness::solve(NodeId node) {
  if (node == any_value) return Verdict::inhabited;
  if (node == no_value) return Verdict::empty;
  if (const auto known = known_.find(node); known != known_.end()) return known->second;
  if (const auto open = open_.find(node); open != open_.end()) {
    lowest_ = std::min(lowest_, open->second);
    return Verdict::empty;
  }
  if (++steps_ > most_steps) return Verdict::unknown;
  const Shape* shape = shape_of(node);
  if (shape == nullptr) return Verdict::unknown;
  const std::size_t depth = open_.size();
  open_.emplace(node, depth);
  const std::size_t outer = lowest_;
  lowest_ = independent;
  Verdict verdict = Verdict::unknown;
  try {
    verdict = solve_shape(*shape);
  } catch (const UnsupportedGuide& fault) {
    open_.erase(node);
    lowest_ = outer;
    throw UnsupportedGuide(reader_.placed(node, fault.what()));
  }
  open_.erase(node);
  const bool closed = lowest_ >= depth;
  if (verdict == Verdict::inhabited || (verdict == Verdict::empty && closed)) {
    known_.emplace(node, verdict);
  }
  lowest_ = std::min(outer, closed ? independent : lowest_);
  return verdict;
}

Verdict Emptiness::solve_shape(const Shape& shape) {
  if (shape.literals != 0 || shape.exponents) return Verdict::inhabited;
  Automaton& automaton = reader_.automaton();
  if (!automaton.empty(shape.strings) || !automaton.empty(shape.numbers)) return Verdict::inhabited;
  Verdict verdict = Verdict::empty;
  for (const ArrayShape& array : shape.arrays) {
    verdict = either(verdict, solve_array(array));
    if (verdict == Verdict::inhabited) return verdict;
  }
  for (const ObjectShape& object : shape.objects) {
    verdict = either(verdict, solve_object(object));
    if (verdict == Verdict::inhabited) return verdict;
  }
  return verdict;
}

Verdict Emptiness::solve_object(const ObjectShape& object) {
  const std::vector<NameId> required = required_closure(object);
  if (required.size() > object.most) return Verdict::empty;
  Verdict verdict = Verdict::inhabited;
  for (const NameId name : required) {
    verdict = both(verdict, solve(reader_.algebra().value_of(object, name)));
    if (verdict == Verdict::empty) return verdict;
  }
  verdict = both(verdict, solve_witnesses(object, required.size()));
  if (verdict == Verdict::empty || required.size() >= object.least) return verdict;
  return both(verdict, solve_least(object, required));
}

Verdict Emptiness::solve_witnesses(const ObjectShape& object, std::uint64_t required) {
  Verdict verdict = Verdict::inhabited;
  Automaton& automaton = reader_.automaton();
  for (const MemberWitness& witness : object.witnesses) {
    Verdict found = Verdict::empty;
    for (const KeyRegion& region : object.regions) {
      if (automaton.disjoint(region.keys, witness.keys)) continue;
      found = either(found, solve(reader_.nodes().all(region.value, witness.value)));
    }
    verdict = both(verdict, found);
  }
  if (object.witnesses.empty() || required + object.witnesses.size() <= object.most) return verdict;
  if (required + 1 > object.most) return Verdict::empty;
  return both(verdict, Verdict::unknown);  // one member may be several witnesses
}

Verdict Emptiness::solve_least(const ObjectShape& object, const std::vector<NameId>& required) {
  std::uint64_t members = required.size();
  bool unsure = false;
  Automaton& automaton = reader_.automaton();
  TermPool& terms = automaton.terms();
  std::vector<TermId> named;
  for (const NameRule& rule : object.names) {
    named.push_back(terms.text(reader_.names().text(rule.name)));
    if (std::ranges::find(required, rule.name) != required.end()) continue;
    ObjectShape with = object;  // what the key needs must be possible too
    with.least = 0;
    with.most = no_limit;
    std::ranges::find(with.names, rule.name, &NameRule::name)->required = true;
    Verdict verdict = Verdict::inhabited;
    for (const NameId name : required_closure(with)) {
      verdict = both(verdict, solve(reader_.algebra().value_of(object, name)));
    }
    if (verdict == Verdict::unknown) unsure = true;
    if (verdict == Verdict::inhabited && ++members >= object.least) break;
  }
  const TermId others = terms.negation(terms.either(std::move(named)));
  for (const KeyRegion& region : object.regions) {
    if (members >= object.least) break;
    const Verdict verdict = solve(region.value);
    if (verdict == Verdict::unknown) unsure = true;
    if (verdict != Verdict::inhabited) continue;
    const TermId keys = terms.both(region.keys, others);
    members += automaton.count(automaton.start(keys), many_keys);
  }
  if (members < object.least) return unsure ? Verdict::unknown : Verdict::empty;
  // Keys that need others may step over the few sizes that are allowed.
  const bool may_step_over = !object.needs.empty() && object.most != no_limit;
  return may_step_over ? Verdict::unknown : Verdict::inhabited;
}

}  // namespace espalier::guide
