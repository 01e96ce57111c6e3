#include "guide/node_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "espalier/error.h"

namespace espalier::guide {

NodeTable::NodeTable(const GuideLimits& limits) : limits_(limits) {
  intern({NodeKind::any, 0, {}});
  intern({NodeKind::none, 0, {}});
}

NodeId NodeTable::intern(Node node) {
  const auto known = ids_.find(node);
  if (known != ids_.end()) return known->second;
  if (nodes_.size() >= limits_.nodes) {
    throw UnsupportedGuide(fmt::format(
        "the schema combines its parts in more than {} ways; simplify its allOf, anyOf and oneOf",
        limits_.nodes));
  }
  const auto id = static_cast<NodeId>(nodes_.size());
  nodes_.push_back(node);
  ids_.emplace(std::move(node), id);
  return id;
}

// Parts of the same kind take their parts' place; sorted, each once.
std::vector<NodeId> NodeTable::flattened(NodeKind kind, const std::vector<NodeId>& parts) const {
  std::vector<NodeId> flat;
  for (const NodeId part : parts) {
    if (nodes_[part].kind == kind) {
      flat.insert(flat.end(), nodes_[part].parts.begin(), nodes_[part].parts.end());
    } else {
      flat.push_back(part);
    }
  }
  std::ranges::sort(flat);
  const auto repeated = std::ranges::unique(flat);
  flat.erase(repeated.begin(), repeated.end());
  return flat;
}

bool NodeTable::has_opposites(const std::vector<NodeId>& parts) const {
  return std::ranges::any_of(parts, [&](NodeId part) {
    const Node& node = nodes_[part];
    return node.kind == NodeKind::negation && std::ranges::binary_search(parts, node.parts[0]);
  });
}

NodeId NodeTable::all(std::vector<NodeId> parts) {
  parts = flattened(NodeKind::all, parts);
  std::erase(parts, any_value);
  if (std::ranges::binary_search(parts, no_value) || has_opposites(parts)) return no_value;
  if (parts.empty()) return any_value;
  if (parts.size() == 1) return parts.front();
  return intern({NodeKind::all, 0, std::move(parts)});
}

NodeId NodeTable::some(std::vector<NodeId> parts) {
  parts = flattened(NodeKind::some, parts);
  std::erase(parts, no_value);
  if (std::ranges::binary_search(parts, any_value) || has_opposites(parts)) return any_value;
  if (parts.empty()) return no_value;
  if (parts.size() == 1) return parts.front();
  return intern({NodeKind::some, 0, std::move(parts)});
}

NodeId NodeTable::negation(NodeId node) {
  if (node == any_value) return no_value;
  if (node == no_value) return any_value;
  if (nodes_[node].kind == NodeKind::negation) return nodes_[node].parts[0];
  return intern({NodeKind::negation, 0, {node}});
}

}  // namespace espalier::guide
