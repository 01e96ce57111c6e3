#include "framework/sequence_park.h"

#include <utility>

namespace espalier::framework {

SequencePark::Ticket SequencePark::park(engine::Sequence sequence) {
  const std::lock_guard lock(mutex_);
  waiting_.emplace(next_, std::move(sequence));
  return next_++;
}

std::optional<engine::Sequence> SequencePark::take(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) return std::nullopt;
  std::optional<engine::Sequence> sequence(std::move(found->second));
  waiting_.erase(found);
  return sequence;
}

bool SequencePark::clear() {
  const std::lock_guard lock(mutex_);
  const bool any = !waiting_.empty();
  waiting_.clear();
  return any;
}

}  // namespace espalier::framework
