// The keys that a schema names, each a number.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>

#include "guide/shape.h"

namespace espalier::guide {

class NameTable {
 public:
  NameId id(const std::u32string& text) {
    const auto [known, added] = ids_.emplace(text, static_cast<NameId>(texts_.size()));
    if (added) texts_.push_back(text);
    return known->second;
  }
  const std::u32string& text(NameId id) const { return texts_[id]; }

 private:
  std::deque<std::u32string> texts_;
  std::unordered_map<std::u32string, NameId> ids_;
};

}  // namespace espalier::guide
