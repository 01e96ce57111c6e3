// Reads schemas: what each keyword says, as shapes.
//
//   SchemaReader reader(source, automaton, options, limits);
//   const Shape& shape = reader.shape(reader.root());
//
// Nodes are looked into on demand and once. A keyword that cannot be held to is UnsupportedGuide,
// one that breaks JSON Schema's own rules InvalidSchema; both name the keyword's place as a JSON
// pointer: "#/properties/a/pattern: …".
#pragma once

#include <deque>
#include <functional>
#include <string_view>
#include <unordered_map>

#include "guide/guide_options.h"
#include "guide/schema_source.h"
#include "guide/shape_algebra.h"

namespace espalier::guide {

class SchemaReader {
 public:
  SchemaReader(SchemaSource& source, Automaton& automaton, const SchemaOptions& options,
               const GuideLimits& limits);

  NodeId root();

  // Throws UnsupportedGuide where the node contains itself without a value in between.
  const Shape& shape(NodeId node);

  // Nothing while the node is being looked into.
  const Shape* shape_if_known(NodeId node);

  ShapeAlgebra& algebra() noexcept { return algebra_; }
  NodeTable& nodes() noexcept { return nodes_; }
  NameTable& names() noexcept { return names_; }
  Automaton& automaton() noexcept { return automaton_; }
  TermId exponents() const noexcept { return numbers_.exponents(); }
  const SchemaOptions& options() const noexcept { return options_; }
  TermId shortest_numbers() const noexcept { return numbers_.shortest(); }

  // Where the node comes from, for messages.
  std::string describe(NodeId node) const;

  // The message, behind the node's place where it names none.
  std::string placed(NodeId node, std::string_view message) const;

 private:
  using Value = base::JsonValue;

  struct Entry {
    enum class State : std::uint8_t { unread, reading, read } state = State::unread;
    Shape shape;
  };

  NodeId node_of(Value schema);
  Shape read(NodeId node);
  Shape read_schema(Value schema);
  Shape read_constant(Value value);
  void restrict(Shape& shape, const Shape& other) { shape = algebra_.meet(shape, other); }

  // Runs `work`, and says in its errors which keyword of which schema they are about.
  void locate(Value schema, std::string_view keyword, const std::function<void()>& work);

  // Each applies what it knows of the schema's keywords. type_keywords.cc:
  void read_type(Value schema, Shape& shape);
  void read_enumeration(Value schema, Shape& shape);
  // scalar_keywords.cc:
  void read_numbers(Value schema, Shape& shape);
  void read_strings(Value schema, Shape& shape);
  // container_keywords.cc:
  void read_arrays(Value schema, Shape& shape);
  void read_objects(Value schema, Shape& shape);
  void read_properties(Value schema, ObjectShape& object);
  void read_order(Value schema, const std::vector<NameId>& declared, ObjectShape& object);
  void split_regions(Value schema, ObjectShape& object);
  void read_names(Value schema, ObjectShape& object);
  void read_needs(Value needs, ObjectShape& object);
  NameRule& rule(ObjectShape& object, NameId name);
  void note_evaluated(Value schema, ArrayShape& array);
  void note_evaluated(Value schema, ObjectShape& object);
  // combining_keywords.cc:
  void read_combinations(Value schema, Shape& shape);
  void read_reference(Value schema, Shape& shape);
  void read_dynamic_references(Value schema, Shape& shape);
  void restrict_one_of(Value list, Shape& shape);
  void restrict_condition(Value schema, Shape& shape);
  void restrict_dependent(Value schemas, Shape& shape);
  Shape only_objects(ObjectShape object);
  // unevaluated_keywords.cc:
  void read_unevaluated(Value schema, Shape& shape);
  void require_tracking() const;
  void restrict_unevaluated_keys(Value value, Shape& shape);
  void restrict_unevaluated_items(Value value, Shape& shape);
  Shape divided_any_of(const std::vector<NodeId>& branches);

  std::vector<Value> schema_list(Value list) const;
  std::uint64_t count(Value value) const;
  // Of texts in which the pattern is found; refused where their automaton would not be done
  // growing.
  TermId pattern(std::string_view text);
  NameId name(std::string_view text);

  SchemaSource& source_;
  Automaton& automaton_;
  SchemaOptions options_;
  GuideLimits limits_;
  NumberTerms numbers_;
  NodeTable nodes_;
  NameTable names_;
  ShapeAlgebra algebra_;
  std::deque<Entry> entries_;
  std::size_t depth_ = 0;
  ScopeId scope_ = 0;  // of the schema that is being read
};

}  // namespace espalier::guide
