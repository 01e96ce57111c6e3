// Reads the texts of a tree byte by byte from a place of a document.
#pragma once

#include "guide/guide.h"
#include "guide/mask_walk.h"
#include "guide/text_tree.h"

namespace espalier::guide {

// Where `byte` leads, one of each.
inline Configurations step_all(Guide::Use& machine, const Configurations& at, std::uint8_t byte) {
  Configurations next;
  for (const Configuration& each : at) machine->step(each, byte, next);
  keep_different(next);
  return next;
}

// Visits the nodes below `node`, to which `at` belongs, that can be read, and where they lead,
// until a visit says no; then it is false.
template <class Visit>
bool walk_below(Guide::Use& machine, const TextTree& tree, TextTree::NodeIndex node,
                const Configurations& at, const Visit& visit) {
  ByteSet bytes;
  for (const Configuration& each : at) bytes |= machine->following(each);
  bool goes_on = true;
  tree.children(node, bytes, [&](TextTree::NodeIndex child) {
    if (!goes_on) return;
    const Configurations next = step_all(machine, at, tree.nodes()[child].byte);
    goes_on = next.empty() || (visit(child, next) && walk_below(machine, tree, child, next, visit));
  });
  return goes_on;
}

}  // namespace espalier::guide
