// When one alternative of a union is known to lie within another: then it can go. What is not found
// here may still be so; the union is the same either way.
#include <algorithm>

#include "guide/shape_algebra.h"

namespace espalier::guide {
namespace {

// Looking into opposites makes nodes of its own; it is for unions that grow.
constexpr std::size_t many_alternatives = 8;
constexpr std::size_t most_nodes_share = 2;  // and never takes more than half of the nodes

const NodeId& item(const ArrayShape& array, std::size_t place) {
  return place < array.prefix.size() ? array.prefix[place] : array.rest;
}

}  // namespace

bool ShapeAlgebra::node_within(NodeId inner, NodeId outer, std::size_t alternatives) {
  if (inner == outer || outer == any_value || inner == no_value) return true;
  const auto parts = [&](NodeId id) {
    const Node& node = nodes_[id];
    return node.kind == NodeKind::all ? node.parts : std::vector<NodeId>{id};
  };
  const std::vector<NodeId> given = parts(inner);
  return std::ranges::all_of(parts(outer), [&](NodeId part) {
    if (std::ranges::binary_search(given, part)) return true;
    const Node node = nodes_[part];
    if (node.kind == NodeKind::some) return std::ranges::binary_search(node.parts, inner);
    if (node.kind != NodeKind::negation || alternatives < many_alternatives) return false;
    if (nodes_.size() > limits_.nodes / most_nodes_share) return false;
    return is_impossible(nodes_.all(inner, node.parts[0]));
  });
}

bool ShapeAlgebra::within(const ArrayShape& inner, const ArrayShape& outer,
                          std::size_t alternatives) {
  if (inner.evaluated != outer.evaluated || inner.evaluated_values != outer.evaluated_values) {
    return false;
  }
  if (inner.least < outer.least || inner.most > outer.most) return false;
  if (outer.unique && !inner.unique) return false;
  const auto has = [&](const ItemRule& rule) {
    return std::ranges::find(inner.counted, rule) != inner.counted.end();
  };
  if (!std::ranges::all_of(outer.counted, has)) return false;
  const std::size_t size = std::max(inner.prefix.size(), outer.prefix.size());
  for (std::size_t i = 0; i <= size; ++i) {
    if (!node_within(item(inner, i), item(outer, i), alternatives)) return false;
  }
  return true;
}

bool ShapeAlgebra::within(const ObjectShape& inner, const ObjectShape& outer,
                          std::size_t alternatives) {
  if (inner.evaluated != outer.evaluated) return false;
  if (inner.least < outer.least || inner.most > outer.most) return false;
  const auto in = [](const auto& list, const auto& each) {
    return std::ranges::find(list, each) != list.end();
  };
  const auto has_need = [&](const KeyNeed& need) { return in(inner.needs, need); };
  const auto has_witness = [&](const MemberWitness& each) { return in(inner.witnesses, each); };
  if (!std::ranges::all_of(outer.needs, has_need)) return false;
  if (!std::ranges::all_of(outer.witnesses, has_witness)) return false;
  return names_within(inner, outer, alternatives) && regions_within(inner, outer, alternatives);
}

bool ShapeAlgebra::names_within(const ObjectShape& inner, const ObjectShape& outer,
                                std::size_t alternatives) {
  const auto rule_of = [](const ObjectShape& object, NameId name) {
    const auto rule = std::ranges::lower_bound(object.names, name, {}, &NameRule::name);
    return rule != object.names.end() && rule->name == name ? &*rule : nullptr;
  };
  for (const NameRule& rule : outer.names) {
    const NameRule* own = rule_of(inner, rule.name);
    if (rule.required && (own == nullptr || !own->required)) return false;
    const NodeId value = own != nullptr ? own->value : value_of(inner, rule.name);
    if (!node_within(value, rule.value, alternatives)) return false;
  }
  return std::ranges::all_of(inner.names, [&](const NameRule& rule) {
    return rule_of(outer, rule.name) != nullptr ||
           node_within(rule.value, value_of(outer, rule.name), alternatives);
  });
}

bool ShapeAlgebra::regions_within(const ObjectShape& inner, const ObjectShape& outer,
                                  std::size_t alternatives) {
  return std::ranges::all_of(inner.regions, [&](const KeyRegion& region) {
    return std::ranges::any_of(outer.regions, [&](const KeyRegion& other) {
      return (other.keys == region.keys || other.keys == TermPool::everything) &&
             node_within(region.value, other.value, alternatives);
    });
  });
}

}  // namespace espalier::guide
