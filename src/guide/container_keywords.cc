// Keywords about arrays and objects.
#include <fmt/format.h>

#include <algorithm>

#include "espalier/error.h"
#include "guide/pattern.h"
#include "guide/schema_reader.h"
#include "guide/utf32.h"

namespace espalier::guide {

void SchemaReader::read_arrays(Value schema, Shape& shape) {
  ArrayShape array;
  bool impossible = false;
  const auto set = [&](std::string_view keyword, auto apply) {
    if (const auto value = schema.find(keyword)) locate(schema, keyword, [&] { apply(*value); });
  };
  const auto prefix = [&](Value list) {
    for (const Value item : list.elements()) array.prefix.push_back(node_of(item));
  };
  const bool has_prefix = source_.since(Draft::draft2020) && schema.find("prefixItems");
  if (has_prefix) set("prefixItems", prefix);
  set("items", [&](Value items) {
    if (items.is_array() && !has_prefix && source_.draft() != Draft::draft2020) {
      prefix(items);
      set("additionalItems", [&](Value rest) { array.rest = node_of(rest); });
    } else {
      array.rest = node_of(items);
    }
  });
  set("minItems", [&](Value value) { array.least = count(value); });
  set("maxItems", [&](Value value) { array.most = count(value); });
  set("uniqueItems", [&](Value value) { array.unique = value.as_bool() && array.most > 1; });
  if (source_.since(Draft::draft6)) {
    set("contains", [&](Value value) {
      ItemRule contained{node_of(value)};
      if (source_.since(Draft::draft2019)) {
        set("minContains", [&](Value least) { contained.least = count(least); });
        set("maxContains", [&](Value most) { contained.most = count(most); });
      }
      impossible = contained.least > contained.most;
      if (contained.least > 0 || contained.most != no_limit) array.counted.push_back(contained);
    });
  }
  if (source_.tracks_evaluation()) note_evaluated(schema, array);
  if (array == ArrayShape{}) return;
  Shape restriction = algebra_.everything();
  restriction.arrays.clear();
  if (array.least <= array.most && !impossible) restriction.arrays.push_back(std::move(array));
  restrict(shape, restriction);
}

// Which items the keywords of this schema speak of.
void SchemaReader::note_evaluated(Value schema, ArrayShape& array) {
  const auto items = schema.find("items");
  const bool all = items && !(items->is_array() && !schema.find("additionalItems"));
  array.evaluated = all ? no_limit : array.prefix.size();
  if (source_.draft() == Draft::draft2019) return;  // there, contains is no such keyword
  if (const auto contained = schema.find("contains")) {
    array.evaluated_values.push_back(node_of(*contained));
  }
}

NameRule& SchemaReader::rule(ObjectShape& object, NameId name) {
  const auto at = std::ranges::lower_bound(object.names, name, {}, &NameRule::name);
  if (at != object.names.end() && at->name == name) return *at;
  return *object.names.insert(at, {name, any_value, false});
}

Shape SchemaReader::only_objects(ObjectShape object) {
  Shape shape = algebra_.everything();
  shape.objects.assign(1, std::move(object));
  return shape;
}

void SchemaReader::read_objects(Value schema, Shape& shape) {
  ObjectShape object;
  read_properties(schema, object);
  const auto set = [&](std::string_view keyword, auto apply) {
    if (const auto value = schema.find(keyword)) locate(schema, keyword, [&] { apply(*value); });
  };
  if (source_.tracks_evaluation()) note_evaluated(schema, object);
  set("minProperties", [&](Value value) { object.least = count(value); });
  set("maxProperties", [&](Value value) { object.most = count(value); });
  if (object.least > object.most) {
    Shape nothing = algebra_.everything();
    nothing.objects.clear();
    restrict(shape, nothing);
    return;
  }
  if (object != ObjectShape{}) restrict(shape, only_objects(std::move(object)));
}

void SchemaReader::read_order(Value schema, const std::vector<NameId>& declared,
                              ObjectShape& object) {
  const auto add = [&](NameId name) {
    if (std::ranges::find(object.order, name) != object.order.end()) return;
    object.order.push_back(name);
    rule(object, name);  // also where nothing else speaks of it
  };
  if (const auto order = schema.find("x-order")) {
    locate(schema, "x-order", [&] {
      for (const Value each : order->elements()) add(name(each.as_string()));
    });
  }
  for (const NameId name : declared) add(name);
}

// Which keys the keywords of this schema speak of.
void SchemaReader::note_evaluated(Value schema, ObjectShape& object) {
  TermPool& terms = automaton_.terms();
  std::vector<TermId> keys;
  if (schema.find("additionalProperties")) keys.push_back(TermPool::everything);
  if (const auto members = schema.find("properties")) {
    for (const base::JsonMember& member : members->members()) {
      keys.push_back(terms.text(names_.text(name(member.key))));
    }
  }
  if (const auto members = schema.find("patternProperties")) {
    for (const base::JsonMember& member : members->members()) {
      keys.push_back(pattern_term(terms, member.key, limits_));
    }
  }
  object.evaluated = terms.either(std::move(keys));
}

// properties, patternProperties, additionalProperties, propertyNames, required: one rule for each
// key that is named, one region for each kind of other key.
void SchemaReader::read_properties(Value schema, ObjectShape& object) {
  const auto set = [&](std::string_view keyword, auto apply) {
    if (const auto value = schema.find(keyword)) locate(schema, keyword, [&] { apply(*value); });
  };
  std::vector<NameId> declared;
  set("properties", [&](Value members) {
    for (const base::JsonMember& member : members.members()) {
      declared.push_back(name(member.key));
      rule(object, declared.back()).value = node_of(member.value);
    }
  });
  if (options_.key_order == KeyOrder::declared) read_order(schema, declared, object);
  std::ranges::sort(declared);
  set("required", [&](Value names) {
    if (names.kind() == base::JsonKind::boolean && source_.draft() == Draft::undeclared) {
      return;  // draft 3's, about the schema's own place in its parent: nothing to later drafts
    }
    for (const Value each : names.elements()) rule(object, name(each.as_string())).required = true;
  });
  if (source_.since(Draft::draft2019)) {
    set("dependentRequired", [&](Value needs) { read_needs(needs, object); });
  }
  if (source_.draft() != Draft::draft2019 && source_.draft() != Draft::draft2020) {
    set("dependencies", [&](Value needs) { read_needs(needs, object); });
  }
  split_regions(schema, object);
  set("additionalProperties", [&](Value value) {
    const NodeId other = node_of(value);
    // The last region is of the keys that no pattern matches.
    if (!object.regions.empty() && object.regions.back().value == any_value) {
      object.regions.back().value = other;
    }
  });
  // What patterns and additionalProperties say about keys with a name.
  std::vector<std::pair<TermId, NodeId>> patterns;
  set("patternProperties", [&](Value members) {
    for (const base::JsonMember& member : members.members()) {
      patterns.emplace_back(pattern_term(automaton_.terms(), member.key, limits_),
                            node_of(member.value));
    }
  });
  const auto additional = schema.find("additionalProperties");
  for (NameRule& each : object.names) {
    bool matched = std::ranges::binary_search(declared, each.name);
    for (const auto& [keys, value] : patterns) {
      if (!automaton_.contains(keys, names_.text(each.name))) continue;
      each.value = nodes_.all(each.value, value);
      matched = true;
    }
    if (!matched && additional) each.value = node_of(*additional);
  }
  std::erase_if(object.regions, [](const KeyRegion& region) { return region.value == no_value; });
  read_names(schema, object);
}

// Divides the keys by which patterns match them; keys that none matches come last.
void SchemaReader::split_regions(Value schema, ObjectShape& object) {
  const auto members = schema.find("patternProperties");
  if (!members) return;
  TermPool& terms = automaton_.terms();
  locate(schema, "patternProperties", [&] {
    for (const base::JsonMember& member : members->members()) {
      const TermId matching = pattern(member.key);
      const NodeId value = node_of(member.value);
      std::vector<KeyRegion> regions;
      for (std::size_t i = 0; i < object.regions.size(); ++i) {
        const KeyRegion& region = object.regions[i];
        const TermId inside = terms.both(region.keys, matching);
        const TermId outside = terms.both(region.keys, terms.negation(matching));
        if (!automaton_.empty(inside)) regions.push_back({inside, nodes_.all(region.value, value)});
        const bool last = i + 1 == object.regions.size();
        if (last || !automaton_.empty(outside)) regions.push_back({outside, region.value});
      }
      object.regions = std::move(regions);
      if (object.regions.size() > limits_.regions) {
        throw UnsupportedGuide(
            fmt::format("its patterns divide the keys into more than {} kinds", limits_.regions));
      }
    }
  });
}

void SchemaReader::read_names(Value schema, ObjectShape& object) {
  const auto names = schema.find("propertyNames");
  if (!names || !source_.since(Draft::draft6)) return;
  locate(schema, "propertyNames", [&] {
    const Shape& keys = shape(node_of(*names));
    if (keys.undecided != TermPool::nothing) {
      throw UnsupportedGuide("a format that is not decided for all texts is not supported here");
    }
    const TermId allowed = keys.strings;
    for (NameRule& each : object.names) {
      if (!automaton_.contains(allowed, names_.text(each.name))) each.value = no_value;
    }
    for (KeyRegion& region : object.regions) {
      region.keys = automaton_.terms().both(region.keys, allowed);
    }
  });
  std::erase_if(object.regions,
                [&](const KeyRegion& region) { return automaton_.empty(region.keys); });
}

// dependentRequired, and those of `dependencies` that are lists of keys.
void SchemaReader::read_needs(Value needs, ObjectShape& object) {
  for (const base::JsonMember& member : needs.members()) {
    const bool one = member.value.is_string() && source_.draft() == Draft::undeclared;  // draft 3
    if (!member.value.is_array() && !one) continue;
    const NameId key = name(member.key);
    rule(object, key);
    const auto add = [&](Value other) {
      const KeyNeed need{key, name(other.as_string())};
      rule(object, need.other);
      if (need.key != need.other && std::ranges::find(object.needs, need) == object.needs.end()) {
        object.needs.push_back(need);
      }
    };
    if (one) {
      add(member.value);
    } else {
      for (const Value other : member.value.elements()) add(other);
    }
  }
}

}  // namespace espalier::guide
