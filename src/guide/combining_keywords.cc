// $ref, $dynamicRef, allOf, anyOf, oneOf, not, if/then/else and schemas that depend on a key.
#include <fmt/format.h>

#include "espalier/error.h"
#include "guide/schema_reader.h"

namespace espalier::guide {

void SchemaReader::read_reference(Value schema, Shape& shape) {
  locate(schema, "$ref", [&] {
    const auto reference = schema.find("$ref");
    restrict(shape, this->shape(node_of(source_.resolve(schema, reference->as_string()))));
  });
}

void SchemaReader::read_dynamic_references(Value schema, Shape& shape) {
  const auto follow = [&](std::string_view keyword) {
    const auto reference = schema.find(keyword);
    if (!reference) return;
    locate(schema, keyword, [&] {
      const Value target = source_.resolve_dynamic(schema, reference->as_string(), scope_);
      restrict(shape, this->shape(node_of(target)));
    });
  };
  if (source_.has_dynamic_references()) follow("$dynamicRef");
  if (source_.has_recursive_references()) follow("$recursiveRef");
}

void SchemaReader::read_combinations(Value schema, Shape& shape) {
  const auto set = [&](std::string_view keyword, auto apply) {
    if (const auto value = schema.find(keyword)) locate(schema, keyword, [&] { apply(*value); });
  };
  set("allOf", [&](Value list) {
    for (const Value each : schema_list(list)) restrict(shape, this->shape(node_of(each)));
  });
  if (source_.since(Draft::draft2019)) {
    set("dependentSchemas", [&](Value schemas) { restrict_dependent(schemas, shape); });
  }
  if (source_.draft() != Draft::draft2019 && source_.draft() != Draft::draft2020) {
    set("dependencies", [&](Value schemas) { restrict_dependent(schemas, shape); });
  }
  set("anyOf", [&](Value list) {
    if (source_.tracks_evaluation()) {
      std::vector<NodeId> branches;
      for (const Value each : schema_list(list)) branches.push_back(node_of(each));
      restrict(shape, divided_any_of(branches));
      return;
    }
    Shape any;
    for (const Value each : schema_list(list)) {
      any = algebra_.unite(std::move(any), this->shape(node_of(each)));
    }
    restrict(shape, any);
  });
  set("oneOf", [&](Value list) { restrict_one_of(list, shape); });
  set("not",
      [&](Value negated) { restrict(shape, this->shape(nodes_.negation(node_of(negated)))); });
  if (source_.since(Draft::draft7)) {
    set("if", [&](Value) { restrict_condition(schema, shape); });
  }
}

// The union over the branches of each branch without those it may overlap. Each begins with what is
// known already: often a key that is required there tells the branches apart.
void SchemaReader::restrict_one_of(Value list, Shape& shape) {
  std::vector<NodeId> branches;
  for (const Value each : schema_list(list)) branches.push_back(node_of(each));
  std::vector<std::vector<NodeId>> others(branches.size());
  for (std::size_t i = 0; i < branches.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      // Where two may overlap, each is without the other.
      if (algebra_.is_impossible(nodes_.all(branches[i], branches[j]))) continue;
      others[i].push_back(nodes_.negation(branches[j]));
      others[j].push_back(nodes_.negation(branches[i]));
    }
  }
  Shape one;
  for (std::size_t i = 0; i < branches.size(); ++i) {
    Shape branch = algebra_.meet(shape, this->shape(branches[i]));
    for (const NodeId other : others[i]) restrict(branch, this->shape(other));
    one = algebra_.unite(std::move(one), branch);
  }
  shape = std::move(one);
}

void SchemaReader::restrict_condition(Value schema, Shape& shape) {
  const auto branch = [&](std::string_view keyword) {
    const auto value = schema.find(keyword);
    return value ? node_of(*value) : any_value;
  };
  const NodeId condition = branch("if");
  const NodeId met = branch("then");
  const NodeId unmet = branch("else");
  if (met == any_value && unmet == any_value && !source_.tracks_evaluation()) return;
  Shape either = this->shape(nodes_.all(condition, met));
  either =
      algebra_.unite(std::move(either), this->shape(nodes_.all(nodes_.negation(condition), unmet)));
  restrict(shape, either);
}

// A key's schema holds where the key is there.
void SchemaReader::restrict_dependent(Value schemas, Shape& shape) {
  for (const base::JsonMember& member : schemas.members()) {
    if (member.value.is_array() || member.value.is_string()) continue;  // read_needs'
    const NameId key = name(member.key);
    ObjectShape absent;
    absent.names.push_back({key, no_value, false});
    ObjectShape present;
    present.names.push_back({key, any_value, true});
    Shape held =
        algebra_.meet(only_objects(std::move(present)), this->shape(node_of(member.value)));
    held = algebra_.unite(std::move(held), only_objects(std::move(absent)));
    restrict(shape, held);
  }
}

}  // namespace espalier::guide
