// A compiled schema: what the matcher walks. Nodes are numbered as the reader numbered them; only
// those that some document can reach, and that allow a value, are here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "guide/automaton.h"
#include "guide/item_counting.h"
#include "guide/shape.h"

namespace espalier::guide {

struct NamePlan {
  std::u32string text;
  NodeId value = no_value;  // no_value: the key is forbidden
  bool required = false;
  std::vector<std::uint32_t> needs;  // places in ObjectPlan::names
  std::uint32_t rank = 0;            // names come in the order of their ranks
};

// A member with a key of the region, and the witnesses (bits) that its value makes it.
struct MemberChoice {
  std::uint32_t witnesses = 0;
  NodeId value = any_value;
};

struct RegionPlan {
  StateId keys = 0;
  std::vector<MemberChoice> choices;
  // From some beginnings of keys only few keys can be reached, so that the matcher must count
  // those that are taken.
  bool few = false;
};

struct ObjectPlan {
  std::vector<NamePlan> names;  // ascending by text
  std::vector<RegionPlan> regions;
  std::uint64_t least = 0;
  std::uint64_t most = no_limit;
  std::uint32_t witnesses = 0;  // bits: members of a region that must come
  std::uint32_t required = 0;   // how many names are there in any case, those that others need too
  bool has_needs = false;
  std::uint32_t last_rank = 0;  // of keys that are not declared; 0: keys come in any order
};

struct ArrayPlan {
  std::vector<NodeId> prefix;
  NodeId rest = any_value;
  std::uint64_t least = 0;
  std::uint64_t most = no_limit;  // and no place up to it is of a node without values
  // Items are scalars and no two are equal; numbers are in their one shortest spelling, so that
  // equal items have equal texts.
  bool unique = false;
  StateId unique_numbers = Automaton::dead;
  bool few = false;  // as RegionPlan's, of the items' texts
  // Where items count for rules; the frame's count is its state then.
  std::optional<ItemCounting> counting;

  NodeId item(std::uint64_t at) const { return at < prefix.size() ? prefix[at] : rest; }
};

struct NodePlan {
  std::uint8_t literals = 0;
  StateId numbers = Automaton::dead;
  StateId strings = Automaton::dead;
  std::vector<std::uint32_t> arrays;   // of Plan::arrays
  std::vector<std::uint32_t> objects;  // of Plan::objects
};

struct Plan {
  NodeId root = any_value;
  std::vector<NodePlan> nodes;
  std::vector<ArrayPlan> arrays;
  std::vector<ObjectPlan> objects;
};

// States from which more than this many texts can be reached are never short of one: no document
// has as many keys (Planner caps ObjectPlan::most).
inline constexpr std::uint64_t few_texts = 65'536;

}  // namespace espalier::guide
