// What one conversation owns: the keys of its positions and references to KV pages.
//
// A Sequence is a value to move, not to copy; fork() makes a second one that shares every page
// until either writes. It must not outlive its engine, and must not be used by two threads at once;
// different sequences of one engine may be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/token.h"

namespace espalier::engine {

// Names what stands at a position, for finding shared prefixes: a token's id, or a hash of an
// embedding row's content with the top bit set.
using PositionKey = std::uint64_t;

// 0: the model as it is. Adapters come with a later issue; any other id is refused.
using AdapterId = std::uint32_t;
inline constexpr AdapterId no_adapter = 0;

PositionKey position_key(base::TokenId token) noexcept;
PositionKey position_key(std::uint64_t content_hash, std::size_t row) noexcept;

class KvCache;
struct KvPage;

class Sequence {
 public:
  ~Sequence();
  Sequence(Sequence&&) noexcept;
  Sequence& operator=(Sequence&&) noexcept;

  std::size_t length() const noexcept { return keys_.size(); }
  std::span<const PositionKey> keys() const noexcept { return keys_; }

  // Forgets positions n and after; n ≤ length(), else InvalidArgument.
  void truncate(std::size_t n);

  // A sequence with the same positions. Costs a pointer per page; pages are copied when written.
  Sequence fork() const;

 private:
  friend class Engine;
  explicit Sequence(std::shared_ptr<KvCache> cache);

  std::shared_ptr<KvCache> cache_;
  AdapterId adapter_ = no_adapter;
  std::vector<PositionKey> keys_;
  std::vector<KvPage*> pages_;  // each counted in its page's references
};

}  // namespace espalier::engine
