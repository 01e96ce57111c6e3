// Intersection, union and complement of shapes. Exact, or UnsupportedGuide.
#pragma once

#include <functional>
#include <optional>

#include "guide/automaton.h"
#include "guide/name_table.h"
#include "guide/node_table.h"
#include "guide/number_terms.h"
#include "guide/shape.h"

namespace espalier::guide {

class ShapeAlgebra {
 public:
  ShapeAlgebra(Automaton& automaton, NumberTerms& numbers, NodeTable& nodes, NameTable& names,
               const GuideLimits& limits)
      : automaton_(automaton), numbers_(numbers), nodes_(nodes), names_(names), limits_(limits) {}

  // Says of a node whether it is known to allow no value; alternatives that need one are dropped.
  std::function<bool(NodeId)> is_impossible = [](NodeId node) { return node == no_value; };

  Shape everything() const;
  Shape meet(const Shape& a, const Shape& b);
  Shape unite(Shape a, const Shape& b);
  Shape complement(const Shape& shape);

  // What the object says of one key's value: its rule's, or its region's, or no_value.
  NodeId value_of(const ObjectShape& object, NameId name);

 private:
  std::optional<ArrayShape> meet(const ArrayShape& a, const ArrayShape& b);
  std::optional<ObjectShape> meet(const ObjectShape& a, const ObjectShape& b);
  std::vector<NameRule> meet_names(const ObjectShape& a, const ObjectShape& b);
  std::vector<KeyRegion> meet_regions(const ObjectShape& a, const ObjectShape& b);
  std::vector<ObjectShape> resolved(ObjectShape object);
  std::vector<ArrayShape> complement(const ArrayShape& array);
  std::vector<ObjectShape> complement(const ObjectShape& object);
  ObjectShape with_name(NameId name, NodeId value, bool required) const;
  TermId keys_outside(const ObjectShape& object);
  template <class Alternative>
  void spend(const Alternative& a, const Alternative& b);
  template <class Alternative>
  void add(std::vector<Alternative>& list, Alternative alternative);
  template <class Alternative>
  void meet_alternatives(const std::vector<Alternative>& a, const std::vector<Alternative>& b,
                         std::vector<Alternative>& result);

  // shape_containment.cc: whether all of `inner` is known to be in `outer`, both among so many
  // alternatives.
  bool node_within(NodeId inner, NodeId outer, std::size_t alternatives);
  bool within(const ArrayShape& inner, const ArrayShape& outer, std::size_t alternatives);
  bool within(const ObjectShape& inner, const ObjectShape& outer, std::size_t alternatives);
  bool names_within(const ObjectShape& inner, const ObjectShape& outer, std::size_t alternatives);
  bool regions_within(const ObjectShape& inner, const ObjectShape& outer, std::size_t alternatives);

  Automaton& automaton_;
  NumberTerms& numbers_;
  NodeTable& nodes_;
  NameTable& names_;
  GuideLimits limits_;
  std::size_t spent_ = 0;
};

}  // namespace espalier::guide
