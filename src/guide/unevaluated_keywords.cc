// unevaluatedProperties and unevaluatedItems: each alternative of a shape remembers of which keys
// and items a keyword has spoken.
#include "espalier/error.h"
#include "guide/schema_reader.h"

namespace espalier::guide {

void SchemaReader::read_unevaluated(Value schema, Shape& shape) {
  if (!source_.since(Draft::draft2019)) return;
  if (const auto value = schema.find("unevaluatedProperties")) {
    locate(schema, "unevaluatedProperties", [&] { restrict_unevaluated_keys(*value, shape); });
  }
  if (const auto value = schema.find("unevaluatedItems")) {
    locate(schema, "unevaluatedItems", [&] { restrict_unevaluated_items(*value, shape); });
  }
}

void SchemaReader::require_tracking() const {
  if (!source_.tracks_evaluation()) {
    throw UnsupportedGuide("it stands where no keyword keeps schemas");
  }
}

void SchemaReader::restrict_unevaluated_keys(Value value, Shape& shape) {
  require_tracking();
  TermPool& terms = automaton_.terms();
  const NodeId other = node_of(value);
  Shape result = shape;
  result.objects.clear();
  for (ObjectShape& object : shape.objects) {
    ObjectShape rule;
    const TermId evaluated = object.evaluated;
    rule.regions = {{evaluated, any_value}, {terms.negation(evaluated), other}};
    std::erase_if(rule.regions, [&](const KeyRegion& region) {
      return region.value == no_value || automaton_.empty(region.keys);
    });
    Shape one;
    one.objects.push_back(std::move(object));
    one = algebra_.meet(one, only_objects(std::move(rule)));
    for (ObjectShape& each : one.objects) each.evaluated = TermPool::everything;
    result = algebra_.unite(std::move(result), one);
  }
  shape = std::move(result);
}

void SchemaReader::restrict_unevaluated_items(Value value, Shape& shape) {
  require_tracking();
  Shape result = shape;
  result.arrays.clear();
  for (ArrayShape& array : shape.arrays) {
    ArrayShape rule;
    if (array.evaluated != no_limit) {
      std::vector<NodeId> allowed = array.evaluated_values;
      allowed.push_back(node_of(value));
      rule.prefix.assign(array.evaluated, any_value);
      rule.rest = nodes_.some(std::move(allowed));
    }
    Shape all = algebra_.everything();
    all.arrays.assign(1, std::move(rule));
    Shape one;
    one.arrays.push_back(std::move(array));
    one = algebra_.meet(one, all);
    for (ArrayShape& each : one.arrays) each.evaluated = no_limit;
    result = algebra_.unite(std::move(result), one);
  }
  shape = std::move(result);
}

// anyOf, divided by which of the branches hold: what one of them speaks of counts wherever it
// holds.
Shape SchemaReader::divided_any_of(const std::vector<NodeId>& branches) {
  constexpr std::size_t most_branches = 6;
  if (branches.size() > most_branches) {
    throw UnsupportedGuide("too many branches for unevaluatedProperties or unevaluatedItems");
  }
  Shape any;
  for (std::uint32_t held = 1; held < 1U << branches.size(); ++held) {
    std::vector<NodeId> parts;
    for (std::size_t i = 0; i < branches.size(); ++i) {
      const bool holds = (held >> i & 1U) != 0;
      parts.push_back(holds ? branches[i] : nodes_.negation(branches[i]));
    }
    any = algebra_.unite(std::move(any), shape(nodes_.all(std::move(parts))));
  }
  return any;
}

}  // namespace espalier::guide
