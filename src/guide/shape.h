// What a JSON value may be, sorted by its type: the form that schemas are brought to, in which
// allOf is an intersection, anyOf a union and not a complement, each exact.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "guide/term.h"

namespace espalier::guide {

// A schema or a combination of schemas (NodeTable), known by its number.
using NodeId = std::uint32_t;
inline constexpr NodeId any_value = 0;
inline constexpr NodeId no_value = 1;

using NameId = std::uint32_t;  // a key (NameTable)

inline constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

// Keys that no NameRule of the same object names, and what their values may be.
struct KeyRegion {
  TermId keys = TermPool::everything;
  NodeId value = any_value;
  bool operator==(const KeyRegion&) const = default;
};

// One key. no_value forbids it.
struct NameRule {
  NameId name = 0;
  NodeId value = any_value;
  bool required = false;
  bool operator==(const NameRule&) const = default;
};

// Where `key` is there, `other` must be too.
struct KeyNeed {
  NameId key = 0;
  NameId other = 0;
  bool operator==(const KeyNeed&) const = default;
};

// Some member's key is one of `keys`, and its value one of `value`: what the opposite of
// patternProperties or additionalProperties asks for.
struct MemberWitness {
  TermId keys = TermPool::everything;
  NodeId value = any_value;
  bool operator==(const MemberWitness&) const = default;
};

struct ObjectShape {
  std::vector<NameRule> names;                  // ascending
  std::vector<KeyRegion> regions{KeyRegion{}};  // disjoint; keys in none of them are forbidden
  std::uint64_t least = 0;                      // how many members
  std::uint64_t most = no_limit;
  std::vector<KeyNeed> needs;
  std::vector<MemberWitness> witnesses;
  TermId evaluated = TermPool::nothing;  // keys of which a keyword spoke, for unevaluatedProperties
  std::vector<NameId> order;  // KeyOrder::declared: how they come, all others behind them
  bool operator==(const ObjectShape&) const = default;
};

// From the place `from` on, `least` to `most` items have such a value: contains, and what the
// opposite of items asks for.
struct ItemRule {
  NodeId value = any_value;
  std::uint64_t least = 1;
  std::uint64_t most = no_limit;
  std::uint64_t from = 0;
  bool operator==(const ItemRule&) const = default;
};

struct ArrayShape {
  std::vector<NodeId> prefix;
  NodeId rest = any_value;
  std::uint64_t least = 0;  // how many items
  std::uint64_t most = no_limit;
  bool unique = false;  // no two items are equal
  std::vector<ItemRule> counted;
  // For unevaluatedItems: so many items, and those with such a value, a keyword spoke of.
  std::uint64_t evaluated = 0;
  std::vector<NodeId> evaluated_values;
  bool operator==(const ArrayShape&) const = default;
};

struct LiteralSet {
  static constexpr std::uint8_t null = 1;
  static constexpr std::uint8_t no = 2;
  static constexpr std::uint8_t yes = 4;
  static constexpr std::uint8_t all = 7;
};

// A union over types and, for arrays and objects, over alternatives.
struct Shape {
  std::uint8_t literals = 0;
  // Of numbers, their spellings without exponent; spellings with one belong only where all do,
  // because no automaton can compare them (NumberTerms).
  TermId numbers = TermPool::nothing;
  bool exponents = false;
  TermId strings = TermPool::nothing;
  // Strings of which it is not known whether they belong (format_undecided). They are in no
  // `strings`, and not in those of the complement either.
  TermId undecided = TermPool::nothing;
  std::vector<ArrayShape> arrays;
  std::vector<ObjectShape> objects;
};

}  // namespace espalier::guide
