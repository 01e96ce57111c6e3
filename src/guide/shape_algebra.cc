#include "guide/shape_algebra.h"

#include <fmt/format.h>

#include <algorithm>

#include "espalier/error.h"

namespace espalier::guide {
namespace {

// Rules that are put together, of all alternatives of all combinations: about a second.
constexpr std::size_t most_work = 1'000'000;

constexpr std::size_t most_compared = 256;  // alternatives, each with each

bool is_full(const ArrayShape& shape) { return shape == ArrayShape{}; }
bool is_full(const ObjectShape& shape) { return shape == ObjectShape{}; }

const NameRule* find(const std::vector<NameRule>& names, NameId name) {
  const auto rule = std::ranges::lower_bound(names, name, {}, &NameRule::name);
  return rule != names.end() && rule->name == name ? &*rule : nullptr;
}

// Of `least` to `most` items or members, and nothing else said.
template <class Alternative>
Alternative sized(std::uint64_t least, std::uint64_t most) {
  Alternative alternative;
  alternative.least = least;
  alternative.most = most;
  return alternative;
}

template <class T>
void add_new(std::vector<T>& list, const std::vector<T>& more) {
  for (const T& each : more) {
    if (std::ranges::find(list, each) == list.end()) list.push_back(each);
  }
}

}  // namespace

// Bounds the time that one schema's combinations may take.
template <class Alternative>
void ShapeAlgebra::spend(const Alternative& a, const Alternative& b) {
  const auto size = [](const Alternative& each) {
    if constexpr (std::is_same_v<Alternative, ObjectShape>) {
      return each.names.size() + each.regions.size() + each.witnesses.size();
    } else {
      return each.prefix.size() + each.counted.size();
    }
  };
  spent_ += 1 + size(a) + size(b);
  if (spent_ > most_work) {
    throw UnsupportedGuide(
        "the schema's combinations take too long to work out; simplify its allOf, "
        "anyOf and oneOf");
  }
}

template <class Alternative>
void ShapeAlgebra::add(std::vector<Alternative>& list, Alternative alternative) {
  if (list.size() == 1 && is_full(list.front())) return;
  if (is_full(alternative)) {
    list.assign(1, std::move(alternative));
    return;
  }
  if (list.size() <= most_compared) {
    const auto has_all_of = [&](const Alternative& other, const Alternative& each) {
      return within(each, other, list.size());
    };
    if (std::ranges::any_of(
            list, [&](const Alternative& other) { return has_all_of(other, alternative); })) {
      return;
    }
    std::erase_if(list, [&](const Alternative& other) { return has_all_of(alternative, other); });
  } else if (std::ranges::find(list, alternative) != list.end()) {
    return;
  }
  if (list.size() >= limits_.alternatives) {
    throw UnsupportedGuide(fmt::format(
        "its combination with its neighbours has more than {} alternatives", limits_.alternatives));
  }
  list.push_back(std::move(alternative));
}

Shape ShapeAlgebra::everything() const {
  Shape shape;
  shape.literals = LiteralSet::all;
  shape.numbers = numbers_.plain();
  shape.exponents = true;
  shape.strings = TermPool::everything;
  shape.arrays.emplace_back();
  shape.objects.emplace_back();
  return shape;
}

template <class Alternative>
void ShapeAlgebra::meet_alternatives(const std::vector<Alternative>& a,
                                     const std::vector<Alternative>& b,
                                     std::vector<Alternative>& result) {
  if (a.size() == 1 && is_full(a.front())) {
    result = b;
    return;
  }
  if (b.size() == 1 && is_full(b.front())) {
    result = a;
    return;
  }
  for (const Alternative& left : a) {
    for (const Alternative& right : b) {
      spend(left, right);
      auto both = meet(left, right);
      if (!both) continue;
      if constexpr (std::is_same_v<Alternative, ObjectShape>) {
        for (ObjectShape& object : resolved(*std::move(both))) add(result, std::move(object));
      } else {
        add(result, *std::move(both));
      }
    }
  }
}

Shape ShapeAlgebra::meet(const Shape& a, const Shape& b) {
  Shape shape;
  shape.literals = a.literals & b.literals;
  shape.numbers = automaton_.terms().both(a.numbers, b.numbers);
  shape.exponents = a.exponents && b.exponents;
  shape.strings = automaton_.terms().both(a.strings, b.strings);
  shape.undecided = automaton_.terms().either(a.undecided, b.undecided);
  meet_alternatives(a.arrays, b.arrays, shape.arrays);
  meet_alternatives(a.objects, b.objects, shape.objects);
  return shape;
}

Shape ShapeAlgebra::unite(Shape a, const Shape& b) {
  a.literals |= b.literals;
  a.numbers = automaton_.terms().either(a.numbers, b.numbers);
  a.exponents = a.exponents || b.exponents;
  TermPool& terms = automaton_.terms();
  a.undecided = terms.either(a.undecided, b.undecided);
  a.strings = terms.both(terms.either(a.strings, b.strings), terms.negation(a.undecided));
  for (const ArrayShape& array : b.arrays) add(a.arrays, array);
  for (const ObjectShape& object : b.objects) add(a.objects, object);
  return a;
}

Shape ShapeAlgebra::complement(const Shape& shape) {
  TermPool& terms = automaton_.terms();
  Shape result;
  result.literals = LiteralSet::all & static_cast<std::uint8_t>(~shape.literals);
  result.numbers = terms.both(numbers_.plain(), terms.negation(shape.numbers));
  // Whether a number with exponent is outside of a set that leaves some out is not known.
  result.exponents = !shape.exponents && automaton_.empty(shape.numbers);
  result.strings = terms.negation(terms.either(shape.strings, shape.undecided));
  result.undecided = shape.undecided;
  result.arrays.emplace_back();
  for (const ArrayShape& array : shape.arrays) {
    std::vector<ArrayShape> both;
    meet_alternatives(result.arrays, complement(array), both);
    result.arrays = std::move(both);
  }
  result.objects.emplace_back();
  for (const ObjectShape& object : shape.objects) {
    std::vector<ObjectShape> both;
    meet_alternatives(result.objects, complement(object), both);
    result.objects = std::move(both);
  }
  return result;
}

std::optional<ArrayShape> ShapeAlgebra::meet(const ArrayShape& a, const ArrayShape& b) {
  ArrayShape array;
  array.least = std::max(a.least, b.least);
  array.most = std::min(a.most, b.most);
  if (array.least > array.most) return std::nullopt;
  const std::size_t size = std::max(a.prefix.size(), b.prefix.size());
  for (std::size_t i = 0; i < size; ++i) {
    const NodeId left = i < a.prefix.size() ? a.prefix[i] : a.rest;
    const NodeId right = i < b.prefix.size() ? b.prefix[i] : b.rest;
    array.prefix.push_back(nodes_.all(left, right));
    if (i < array.least && is_impossible(array.prefix.back())) return std::nullopt;
  }
  array.rest = nodes_.all(a.rest, b.rest);
  array.unique = a.unique || b.unique;
  array.counted = a.counted;
  add_new(array.counted, b.counted);
  array.evaluated = std::max(a.evaluated, b.evaluated);
  array.evaluated_values = a.evaluated_values;
  add_new(array.evaluated_values, b.evaluated_values);
  if (array.least > size && is_impossible(array.rest)) return std::nullopt;
  return array;
}

NodeId ShapeAlgebra::value_of(const ObjectShape& object, NameId name) {
  if (const NameRule* rule = find(object.names, name)) return rule->value;
  for (const KeyRegion& region : object.regions) {
    if (automaton_.contains(region.keys, names_.text(name))) return region.value;
  }
  return no_value;
}

std::vector<NameRule> ShapeAlgebra::meet_names(const ObjectShape& a, const ObjectShape& b) {
  std::vector<NameRule> names;
  auto left = a.names.begin();
  auto right = b.names.begin();
  while (left != a.names.end() || right != b.names.end()) {
    const bool has_left =
        left != a.names.end() && (right == b.names.end() || left->name <= right->name);
    const bool has_right =
        right != b.names.end() && (left == a.names.end() || right->name <= left->name);
    const NameId name = has_left ? left->name : right->name;
    const NodeId value = nodes_.all(has_left ? left->value : value_of(a, name),
                                    has_right ? right->value : value_of(b, name));
    names.push_back({name, value, (has_left && left->required) || (has_right && right->required)});
    if (has_left) ++left;
    if (has_right) ++right;
  }
  return names;
}

std::vector<KeyRegion> ShapeAlgebra::meet_regions(const ObjectShape& a, const ObjectShape& b) {
  std::vector<KeyRegion> regions;
  for (const KeyRegion& left : a.regions) {
    for (const KeyRegion& right : b.regions) {
      const NodeId value = nodes_.all(left.value, right.value);
      if (value == no_value) continue;
      const TermId keys = automaton_.terms().both(left.keys, right.keys);
      if (automaton_.empty(keys)) continue;
      regions.push_back({keys, value});
      if (regions.size() > limits_.regions) {
        throw UnsupportedGuide(
            fmt::format("its patterns divide the keys into more than {} kinds", limits_.regions));
      }
    }
  }
  return regions;
}

std::optional<ObjectShape> ShapeAlgebra::meet(const ObjectShape& a, const ObjectShape& b) {
  ObjectShape object;
  object.least = std::max(a.least, b.least);
  object.most = std::min(a.most, b.most);
  if (object.least > object.most) return std::nullopt;
  object.names = meet_names(a, b);
  std::uint64_t required = 0;
  for (const NameRule& rule : object.names) {
    if (!rule.required) continue;
    if (++required > object.most || is_impossible(rule.value)) return std::nullopt;
  }
  object.regions = meet_regions(a, b);
  object.needs = a.needs;
  add_new(object.needs, b.needs);
  object.witnesses = a.witnesses;
  add_new(object.witnesses, b.witnesses);
  object.evaluated = automaton_.terms().either(a.evaluated, b.evaluated);
  object.order = a.order;
  add_new(object.order, b.order);
  return object;
}

// Witnesses that may be members with a name become alternatives, one for each such name; what is
// left can only be members of a region.
std::vector<ObjectShape> ShapeAlgebra::resolved(ObjectShape object) {
  std::vector<ObjectShape> done;
  std::vector<std::pair<ObjectShape, std::size_t>> open;
  open.emplace_back(std::move(object), 0);
  while (!open.empty()) {
    auto [shape, at] = std::move(open.back());
    open.pop_back();
    if (at == shape.witnesses.size()) {
      add(done, std::move(shape));
      continue;
    }
    const MemberWitness witness = shape.witnesses[at];
    std::vector<TermId> other_keys{witness.keys};
    bool settled = false;  // a required member is the witness whatever its value
    for (std::size_t i = 0; i < shape.names.size(); ++i) {
      const NameRule& rule = shape.names[i];
      if (!automaton_.contains(witness.keys, names_.text(rule.name))) continue;
      other_keys.push_back(
          automaton_.terms().negation(automaton_.terms().text(names_.text(rule.name))));
      const NodeId value = nodes_.all(rule.value, witness.value);
      if (is_impossible(value)) continue;
      ObjectShape chosen = shape;
      chosen.names[i] = {rule.name, value, true};
      chosen.witnesses.erase(chosen.witnesses.begin() + static_cast<std::ptrdiff_t>(at));
      settled = settled || chosen == [&] {
        ObjectShape same = shape;
        same.witnesses = chosen.witnesses;
        return same;
      }();
      open.emplace_back(std::move(chosen), at);
      if (open.size() > limits_.alternatives) {
        throw UnsupportedGuide(
            "the opposite of its closed or patterned properties has too many "
            "alternatives");
      }
      if (settled) break;
    }
    if (settled) continue;
    const TermId keys = automaton_.terms().both(other_keys);
    const bool possible = std::ranges::any_of(shape.regions, [&](const KeyRegion& region) {
      return !automaton_.disjoint(region.keys, keys) &&
             !is_impossible(nodes_.all(region.value, witness.value));
    });
    if (!possible) continue;
    shape.witnesses[at].keys = keys;
    open.emplace_back(std::move(shape), at + 1);
  }
  return done;
}

std::vector<ArrayShape> ShapeAlgebra::complement(const ArrayShape& array) {
  if (array.unique) {
    throw UnsupportedGuide("the opposite of uniqueItems is not supported");
  }
  std::vector<ArrayShape> result;
  if (array.least > 0) result.push_back(sized<ArrayShape>(0, array.least - 1));
  if (array.most != no_limit) result.push_back(sized<ArrayShape>(array.most + 1, no_limit));
  const auto fails_at = [&](std::size_t place, NodeId value) {
    ArrayShape failing;
    failing.prefix.assign(place, any_value);
    failing.prefix.push_back(nodes_.negation(value));
    failing.least = place + 1;
    result.push_back(std::move(failing));
  };
  for (std::size_t i = 0; i < array.prefix.size(); ++i) {
    if (array.prefix[i] != any_value) fails_at(i, array.prefix[i]);
  }
  for (const ItemRule& rule : array.counted) {
    ArrayShape other;
    if (rule.least > 0) {
      other.counted.assign(1, {rule.value, 0, rule.least - 1, rule.from});
      result.push_back(other);
    }
    if (rule.most != no_limit) {
      other.counted.assign(1, {rule.value, rule.most + 1, no_limit, rule.from});
      result.push_back(other);
    }
  }
  if (array.rest == any_value) return result;
  if (array.rest == no_value) {
    result.push_back(sized<ArrayShape>(array.prefix.size() + 1, no_limit));
    return result;
  }
  ArrayShape failing = sized<ArrayShape>(array.prefix.size() + 1, no_limit);
  failing.counted.push_back({nodes_.negation(array.rest), 1, no_limit, array.prefix.size()});
  result.push_back(std::move(failing));
  return result;
}

ObjectShape ShapeAlgebra::with_name(NameId name, NodeId value, bool required) const {
  ObjectShape object;
  object.names.push_back({name, value, required});
  return object;
}

// Keys without a rule of their own.
TermId ShapeAlgebra::keys_outside(const ObjectShape& object) {
  std::vector<TermId> named;
  for (const NameRule& rule : object.names) {
    named.push_back(automaton_.terms().text(names_.text(rule.name)));
  }
  return automaton_.terms().negation(automaton_.terms().either(std::move(named)));
}

std::vector<ObjectShape> ShapeAlgebra::complement(const ObjectShape& object) {
  TermPool& terms = automaton_.terms();
  std::vector<ObjectShape> result;
  if (object.least > 0) result.push_back(sized<ObjectShape>(0, object.least - 1));
  if (object.most != no_limit) result.push_back(sized<ObjectShape>(object.most + 1, no_limit));
  for (const NameRule& rule : object.names) {
    if (rule.required) result.push_back(with_name(rule.name, no_value, false));
    if (rule.value != any_value) {
      result.push_back(with_name(rule.name, nodes_.negation(rule.value), true));
    }
  }
  for (const KeyNeed& need : object.needs) {
    ObjectShape unmet = with_name(need.key, any_value, true);
    unmet.names.push_back({need.other, no_value, false});
    std::ranges::sort(unmet.names, {}, &NameRule::name);
    result.push_back(std::move(unmet));
  }
  const TermId outside = keys_outside(object);
  std::vector<TermId> forbidden{outside};
  for (const KeyRegion& region : object.regions) {
    forbidden.push_back(terms.negation(region.keys));
    if (region.value == any_value) continue;
    ObjectShape failing;
    failing.witnesses.push_back({terms.both(outside, region.keys), nodes_.negation(region.value)});
    result.push_back(std::move(failing));
  }
  const TermId forbidden_keys = terms.both(std::move(forbidden));
  if (!automaton_.empty(forbidden_keys)) {
    ObjectShape failing;
    failing.witnesses.push_back({forbidden_keys, any_value});
    result.push_back(std::move(failing));
  }
  for (const MemberWitness& witness : object.witnesses) {
    ObjectShape without;
    without.regions = {{witness.keys, nodes_.negation(witness.value)},
                       {terms.negation(witness.keys), any_value}};
    if (without.regions.front().value == no_value) {
      without.regions.erase(without.regions.begin());
    }
    result.push_back(std::move(without));
  }
  return result;
}

}  // namespace espalier::guide
