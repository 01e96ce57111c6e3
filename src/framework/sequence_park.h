// Where the sequences of sessions wait between two turns.
//
// A waiting session keeps its KV pages, so that its next turn computes only what is new. But the
// pages belong to an engine that other sessions use too: when it has none left, clear() gives back
// those of everybody who waits. They only lose time: the next turn computes its history again.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "engine/sequence.h"

namespace espalier::framework {

class SequencePark {
 public:
  using Ticket = std::uint64_t;

  Ticket park(engine::Sequence sequence);
  // Nothing where clear() came first.
  std::optional<engine::Sequence> take(Ticket ticket);
  // True where a sequence was waiting.
  bool clear();

 private:
  std::mutex mutex_;
  Ticket next_ = 1;
  std::unordered_map<Ticket, engine::Sequence> waiting_;
};

}  // namespace espalier::framework
