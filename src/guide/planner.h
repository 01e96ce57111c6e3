// From shapes to a plan: every node that a document can reach is read, and what allows no value is
// left out, so that whatever the matcher begins can be ended.
#pragma once

#include "guide/emptiness.h"
#include "guide/plan.h"

namespace espalier::guide {

class Planner {
 public:
  Planner(SchemaReader& reader, Emptiness& emptiness, const GuideLimits& limits)
      : reader_(reader), emptiness_(emptiness), limits_(limits) {}

  // Throws InvalidSchema where the schema allows no value at all.
  Plan plan();

 private:
  void plan_node(NodeId node);
  std::uint32_t plan_array(const ArrayShape& shape);
  void plan_unique(const ArrayShape& shape, ArrayPlan& plan);
  std::uint32_t plan_object(NodeId node, const ObjectShape& shape);
  void plan_names(NodeId node, const ObjectShape& shape, ObjectPlan& plan);
  void plan_regions(NodeId node, const ObjectShape& shape, ObjectPlan& plan);
  void plan_region(NodeId node, const ObjectShape& shape, const KeyRegion& region, TermId keys,
                   std::uint32_t witnesses, ObjectPlan& plan);
  [[noreturn]] void refuse_few(NodeId node);
  void rank_names(NodeId node, const ObjectShape& shape, ObjectPlan& plan);
  void forbid_unreachable(ObjectPlan& plan);
  void count_required(ObjectPlan& plan);
  bool reaches_few(StateId start);
  bool inhabited(NodeId node);
  bool inhabited(NodeId node, Verdict verdict);
  NodeId reach(NodeId node);

  SchemaReader& reader_;
  Emptiness& emptiness_;
  GuideLimits limits_;
  Plan plan_;
  std::vector<NodeId> open_;
  std::vector<bool> reached_;
};

}  // namespace espalier::guide
