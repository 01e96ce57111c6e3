#include "guide/schema_reader.h"

#include <fmt/format.h>

#include <utility>

#include "base/message_format.h"
#include "espalier/error.h"
#include "guide/utf32.h"

namespace espalier::guide {

SchemaReader::SchemaReader(SchemaSource& source, Automaton& automaton, const SchemaOptions& options,
                           const GuideLimits& limits)
    : source_(source),
      automaton_(automaton),
      options_(options),
      limits_(limits),
      numbers_(automaton.terms(), limits),
      nodes_(limits),
      algebra_(automaton, numbers_, nodes_, names_, limits) {}

NodeId SchemaReader::node_of(Value schema) {
  if (schema.kind() == base::JsonKind::boolean) return schema.as_bool() ? any_value : no_value;
  if (!schema.is_object()) {
    throw InvalidSchema(fmt::format("{}: a schema is an object or a boolean, not {}",
                                    source_.pointer(schema), base::describe(schema.kind())));
  }
  if (schema.size() == 0) return any_value;
  return nodes_.schema(source_.index(schema, source_.entered(scope_, schema)));
}

NodeId SchemaReader::root() { return node_of(source_.value(source_.index(source_.root()))); }

std::string SchemaReader::describe(NodeId id) const {
  const Node& node = nodes_[id];
  switch (node.kind) {
    case NodeKind::any:
      return "any value";
    case NodeKind::none:
      return "no value";
    case NodeKind::schema:
    case NodeKind::constant:
      return source_.pointer(source_.value(node.index));
    case NodeKind::negation:
      return "the opposite of " + describe(node.parts[0]);
    case NodeKind::all:
    case NodeKind::some:
      break;
  }
  return describe(node.parts[0]) + (node.kind == NodeKind::all ? " and " : " or ") +
         (node.parts.size() == 2 ? describe(node.parts[1])
                                 : fmt::format("{} others", node.parts.size() - 1));
}

std::string SchemaReader::placed(NodeId id, std::string_view message) const {
  if (message.starts_with('#')) return std::string(message);
  const Node* node = &nodes_[id];
  while (!node->parts.empty()) node = &nodes_[node->parts[0]];
  const bool has_place = node->kind == NodeKind::schema || node->kind == NodeKind::constant;
  return fmt::format("{}: {}", has_place ? source_.pointer(source_.value(node->index)) : "#",
                     message);
}

const Shape* SchemaReader::shape_if_known(NodeId node) {
  if (node < entries_.size() && entries_[node].state == Entry::State::reading) return nullptr;
  return &shape(node);
}

const Shape& SchemaReader::shape(NodeId node) {
  while (entries_.size() <= node) entries_.emplace_back();
  Entry& entry = entries_[node];  // stays where it is: a deque that grows at its end
  if (entry.state == Entry::State::read) return entry.shape;
  if (entry.state == Entry::State::reading) {
    throw UnsupportedGuide(
        fmt::format("{} refers to itself without a value in between", describe(node)));
  }
  if (depth_ >= limits_.nesting) {
    throw UnsupportedGuide(fmt::format("{} stands more than {} schemas deep in each other",
                                       describe(node), limits_.nesting));
  }
  entry.state = Entry::State::reading;
  ++depth_;
  const ScopeId scope = scope_;
  const auto give_up = [&] {
    scope_ = scope;
    --depth_;
    entry.state = Entry::State::unread;
  };
  try {
    entry.shape = read(node);
  } catch (const UnsupportedGuide& fault) {
    give_up();
    throw UnsupportedGuide(placed(node, fault.what()));
  } catch (...) {
    give_up();
    throw;
  }
  --depth_;
  entry.state = Entry::State::read;
  return entry.shape;
}

Shape SchemaReader::read(NodeId id) {
  const Node node = nodes_[id];
  switch (node.kind) {
    case NodeKind::any:
      return algebra_.everything();
    case NodeKind::none:
      return {};
    case NodeKind::schema: {
      const ScopeId outer = std::exchange(scope_, source_.scope(node.index));
      Shape shape = read_schema(source_.value(node.index));
      scope_ = outer;
      return shape;
    }
    case NodeKind::constant:
      return read_constant(source_.value(node.index));
    case NodeKind::negation:
      return algebra_.complement(shape(node.parts[0]));
    case NodeKind::all: {
      Shape result = shape(node.parts[0]);
      for (std::size_t i = 1; i < node.parts.size(); ++i) restrict(result, shape(node.parts[i]));
      return result;
    }
    case NodeKind::some: {
      Shape result = shape(node.parts[0]);
      for (std::size_t i = 1; i < node.parts.size(); ++i) {
        result = algebra_.unite(std::move(result), shape(node.parts[i]));
      }
      return result;
    }
  }
  return {};
}

Shape SchemaReader::read_schema(Value schema) {
  Shape shape = algebra_.everything();
  if (schema.find("$ref")) {
    read_reference(schema, shape);
    if (source_.reference_stands_alone()) return shape;
  }
  read_dynamic_references(schema, shape);
  read_type(schema, shape);
  read_enumeration(schema, shape);
  read_numbers(schema, shape);
  read_strings(schema, shape);
  read_arrays(schema, shape);
  read_objects(schema, shape);
  read_combinations(schema, shape);
  read_unevaluated(schema, shape);
  return shape;
}

void SchemaReader::locate(Value schema, std::string_view keyword,
                          const std::function<void()>& work) {
  const auto placed = [&](const std::exception& fault) {
    const std::string_view what = fault.what();
    return what.starts_with('#') ? std::string(what)
                                 : fmt::format("{}/{}: {}", source_.pointer(schema), keyword, what);
  };
  try {
    work();
  } catch (const UnsupportedGuide& fault) {
    throw UnsupportedGuide(placed(fault));
  } catch (const InvalidSchema& fault) {
    throw InvalidSchema(placed(fault));
  } catch (const InvalidFile& fault) {  // a value of the wrong kind
    throw InvalidSchema(placed(fault));
  }
}

std::vector<base::JsonValue> SchemaReader::schema_list(Value list) const {
  std::vector<Value> schemas;
  for (const Value element : list.elements()) schemas.push_back(element);
  if (schemas.empty()) throw InvalidSchema("a list of schemas is empty");
  return schemas;
}

// A whole number from 0, which may be spelled 2.0. More than a billion is as good as a billion only
// where it cannot be reached: such bounds are refused by whoever would have to count so far.
std::uint64_t SchemaReader::count(Value value) const {
  const Decimal number = parse_decimal(value.number_text(), limits_);
  if (number.negative || !number.is_whole()) {
    throw InvalidSchema(fmt::format("a whole number from 0 on is expected, not {}",
                                    base::printable(value.number_text(), 40)));
  }
  constexpr std::size_t most_digits = 18;
  if (number.whole.size() > most_digits) {
    throw UnsupportedGuide(fmt::format("the bound has more than {} digits", most_digits));
  }
  return std::stoull(number.whole);
}

NameId SchemaReader::name(std::string_view text) {
  auto characters = to_utf32(text);
  if (!characters) throw InvalidSchema("a key is not UTF-8");
  return names_.id(*characters);
}

}  // namespace espalier::guide
