// The pages of keys and values that all sequences of an engine share.
//
// A page has a reference from each sequence that uses it and one from the prefix index while it is
// listed there. A listed page that nobody else holds is what eviction takes, least recently used
// first. All calls are safe from any thread; page bytes are written only by a holder of the only
// reference (writable() sees to that) during an engine step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/arena.h"
#include "engine/sequence.h"

namespace espalier::engine {

struct KvPage {
  std::shared_ptr<std::byte> data;  // 64-byte aligned
  int references = 0;               // guarded by the cache's mutex
};

class KvCache {
 public:
  // capacity: how many pages may exist at a time, to begin with. They are allocated when first
  // needed.
  KvCache(std::size_t page_bytes, std::size_t capacity);
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;

  // Lets so many more pages exist.
  void grow(std::size_t pages);

  // A page with one reference and undefined bytes; null where every page is in use.
  KvPage* acquire();
  void retain(std::span<KvPage* const> pages);
  void release(std::span<KvPage* const> pages);

  // Makes `page` safe to write for its caller, who holds one reference: the page itself if nobody
  // else does, else a copy, for which the reference is traded. False where no page was left for the
  // copy.
  bool make_writable(KvPage*& page);

  // Lists the whole pages of a sequence in the prefix index; pages[i] holds keys [i·P, (i+1)·P).
  void publish(AdapterId adapter, std::span<const PositionKey> keys,
               std::span<KvPage* const> pages);

  // The longest listed chain of whole pages that `keys` begins with, each with a reference added
  // for the caller.
  std::vector<KvPage*> match(AdapterId adapter, std::span<const PositionKey> keys);

 private:
  // A listed page: a node of a tree whose edges are pages' worth of keys. Node ids are never used
  // again, so a page can only be reached through the very prefix it was computed after.
  struct Node {
    std::uint64_t id = 0;
    std::uint64_t parent = 0;
    std::vector<PositionKey> keys;
    KvPage* page = nullptr;
    std::uint64_t last_use = 0;
  };
  using Index = std::unordered_multimap<std::uint64_t, Node>;

  Node* find(std::uint64_t parent, std::span<const PositionKey> keys);
  KvPage* acquire_locked();
  std::shared_ptr<std::byte> allocate();
  bool evict_one();
  std::uint64_t unlist(Index::iterator node);  // returns the node's id
  void release_locked(KvPage* page);

  const std::size_t page_bytes_;
  std::mutex mutex_;
  std::size_t capacity_;
  base::Arena arena_{base::Arena::Pages::huge};
  std::vector<std::unique_ptr<KvPage>> pages_;
  std::vector<KvPage*> free_;
  Index index_;
  std::uint64_t next_id_ = 1;
  std::uint64_t clock_ = 0;
};

}  // namespace espalier::engine
