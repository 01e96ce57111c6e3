// Whether a node allows any value at all: the least fixpoint over schemas that contain each other.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "guide/schema_reader.h"

namespace espalier::guide {

enum class Verdict : std::uint8_t {
  empty,
  inhabited,
  unknown,  // a schema is being read still, or the question is too large
};

class Emptiness {
 public:
  explicit Emptiness(SchemaReader& reader) : reader_(reader) {}

  // Each question stands alone: one that is asked while another is under way, by the reader of a
  // schema that the other needs, takes none of the other's assumptions over.
  Verdict of(NodeId node);
  Verdict of(const ArrayShape& array);
  Verdict of(const ObjectShape& object);

  // Why the last answer was unknown, where that is because a schema is not supported; else empty.
  const std::string& fault() const noexcept { return fault_; }

 private:
  template <class Question>
  Verdict alone(Question question);
  Verdict solve(NodeId node);
  const Shape* shape_of(NodeId node);
  Verdict solve_array(const ArrayShape& array);
  Verdict solve_unique(const ArrayShape& array);
  Verdict solve_counted(const ArrayShape& array);
  Verdict solve_shape(const Shape& shape);
  Verdict solve_object(const ObjectShape& object);
  Verdict solve_witnesses(const ObjectShape& object, std::uint64_t required);
  // Whether enough members can be added to reach object.least.
  Verdict solve_least(const ObjectShape& object, const std::vector<NameId>& required);

  SchemaReader& reader_;
  std::unordered_map<NodeId, Verdict> known_;     // never unknown
  std::unordered_map<NodeId, std::size_t> open_;  // under way: how deep
  std::size_t lowest_ = 0;  // the least deep open node that the last answer relied on
  std::size_t steps_ = 0;
  std::size_t questions_ = 0;  // under way
  std::string fault_;
};

// How many different values a shape without arrays and objects allows; `most` for that many and
// more.
std::uint64_t distinct_scalars(SchemaReader& reader, const Shape& shape, std::uint64_t most);

// Keys that are there in every object of this shape: the required ones and what they need.
std::vector<NameId> required_closure(const ObjectShape& object);

}  // namespace espalier::guide
