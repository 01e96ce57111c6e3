// Schemas and their combinations as hash-consed nodes: what a member's or an item's value must be,
// before anybody has looked into it. A schema that refers to itself is a cycle of nodes.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "guide/limits.h"
#include "guide/shape.h"

namespace espalier::guide {

enum class NodeKind : std::uint8_t {
  any,
  none,
  schema,    // `index` of the schemas of SchemaSource
  constant,  // `index` of the values of SchemaSource
  all,       // every part
  some,      // one of the parts
  negation,  // not parts[0]
};

struct Node {
  NodeKind kind = NodeKind::any;
  std::uint32_t index = 0;
  std::vector<NodeId> parts;
  auto operator<=>(const Node&) const = default;
};

class NodeTable {
 public:
  explicit NodeTable(const GuideLimits& limits = {});

  NodeId schema(std::uint32_t index) { return intern({NodeKind::schema, index, {}}); }
  NodeId constant(std::uint32_t index) { return intern({NodeKind::constant, index, {}}); }
  NodeId all(std::vector<NodeId> parts);
  NodeId all(NodeId a, NodeId b) { return all(std::vector<NodeId>{a, b}); }
  NodeId some(std::vector<NodeId> parts);
  NodeId negation(NodeId node);

  const Node& operator[](NodeId id) const { return nodes_[id]; }
  std::size_t size() const noexcept { return nodes_.size(); }

 private:
  NodeId intern(Node node);
  std::vector<NodeId> flattened(NodeKind kind, const std::vector<NodeId>& parts) const;
  bool has_opposites(const std::vector<NodeId>& parts) const;

  GuideLimits limits_;
  std::vector<Node> nodes_;
  std::map<Node, NodeId> ids_;
};

}  // namespace espalier::guide
