#include "engine/kv_cache.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "kernels/kv_page.h"

namespace espalier::engine {
namespace {

constexpr std::size_t P = kernels::page_positions;
constexpr std::align_val_t page_alignment{64};
// Short contexts do not pay for huge pages (decision 010); of long ones every token reads it all.
constexpr std::size_t pages_apart = 8;

// The tree has a root per adapter; the top bit keeps root ids apart from node ids.
std::uint64_t root_id(AdapterId adapter) { return std::uint64_t{1} << 63 | adapter; }

// Where to look a node up; equality of parent and keys decides.
std::uint64_t hash(std::uint64_t parent, std::span<const PositionKey> keys) {
  std::uint64_t h = parent * 0x9e3779b97f4a7c15ULL;
  for (PositionKey key : keys) {
    h = (h ^ key) * 0xff51afd7ed558ccdULL;
    h ^= h >> 32;
  }
  return h;
}

}  // namespace

KvCache::KvCache(std::size_t page_bytes, std::size_t capacity)
    : page_bytes_(page_bytes), capacity_(capacity) {}

void KvCache::grow(std::size_t pages) {
  const std::lock_guard lock(mutex_);
  capacity_ += pages;
}

KvPage* KvCache::acquire() {
  const std::lock_guard lock(mutex_);
  return acquire_locked();
}

KvPage* KvCache::acquire_locked() {
  if (free_.empty() && pages_.size() < capacity_) {
    // Room first: a page on one list only would be lost, and release() must not fail.
    if (pages_.size() == pages_.capacity()) pages_.reserve(2 * pages_.size() + 1);
    free_.reserve(pages_.capacity());
    auto page = std::make_unique<KvPage>();
    page->data = allocate();
    free_.push_back(page.get());
    pages_.push_back(std::move(page));
  }
  if (free_.empty() && !evict_one()) return nullptr;
  KvPage* page = free_.back();
  free_.pop_back();
  page->references = 1;
  return page;
}

std::shared_ptr<std::byte> KvCache::allocate() {
  if (pages_.size() >= pages_apart) return arena_.take(page_bytes_);
  return {static_cast<std::byte*>(::operator new(page_bytes_, page_alignment)),
          [](std::byte* at) { ::operator delete(at, page_alignment); }};
}

bool KvCache::evict_one() {
  auto oldest = index_.end();
  for (auto it = index_.begin(); it != index_.end(); ++it) {
    if (it->second.page->references != 1) continue;
    if (oldest == index_.end() || it->second.last_use < oldest->second.last_use) oldest = it;
  }
  if (oldest == index_.end()) return false;
  // What a sequence computed after a page of its own may be listed behind this one. Nothing would
  // find it there any more, and its page, listed once again, could never be evicted.
  std::vector<std::uint64_t> gone{unlist(oldest)};
  while (!gone.empty()) {
    const std::uint64_t parent = gone.back();
    gone.pop_back();
    for (auto it = index_.begin(); it != index_.end();) {
      const auto node = it++;
      if (node->second.parent == parent) gone.push_back(unlist(node));
    }
  }
  return true;
}

std::uint64_t KvCache::unlist(Index::iterator node) {
  const std::uint64_t id = node->second.id;
  release_locked(node->second.page);
  index_.erase(node);
  return id;
}

void KvCache::release_locked(KvPage* page) {
  if (--page->references == 0) free_.push_back(page);
}

void KvCache::retain(std::span<KvPage* const> pages) {
  const std::lock_guard lock(mutex_);
  for (KvPage* page : pages) ++page->references;
}

void KvCache::release(std::span<KvPage* const> pages) {
  const std::lock_guard lock(mutex_);
  for (KvPage* page : pages) release_locked(page);
}

bool KvCache::make_writable(KvPage*& page) {
  const std::lock_guard lock(mutex_);
  if (page->references == 1) return true;
  KvPage* copy = acquire_locked();
  if (copy == nullptr) return false;
  std::memcpy(copy->data.get(), page->data.get(), page_bytes_);
  release_locked(page);
  page = copy;
  return true;
}

KvCache::Node* KvCache::find(std::uint64_t parent, std::span<const PositionKey> keys) {
  auto [begin, end] = index_.equal_range(hash(parent, keys));
  for (auto it = begin; it != end; ++it) {
    Node& node = it->second;
    if (node.parent == parent && std::equal(keys.begin(), keys.end(), node.keys.begin())) {
      return &node;
    }
  }
  return nullptr;
}

void KvCache::publish(AdapterId adapter, std::span<const PositionKey> keys,
                      std::span<KvPage* const> pages) {
  const std::lock_guard lock(mutex_);
  std::uint64_t parent = root_id(adapter);
  const std::size_t whole = keys.size() / P;
  // A parent is always used later than its children, so eviction never cuts a chain in the middle.
  clock_ += whole + 1;
  for (std::size_t i = 0; i < whole; ++i) {
    const auto part = keys.subspan(i * P, P);
    Node* node = find(parent, part);
    if (node == nullptr) {
      const auto it = index_.emplace(
          hash(parent, part), Node{next_id_++, parent, {part.begin(), part.end()}, pages[i], 0});
      ++pages[i]->references;
      node = &it->second;
    }
    node->last_use = clock_ - i;
    parent = node->id;
  }
}

std::vector<KvPage*> KvCache::match(AdapterId adapter, std::span<const PositionKey> keys) {
  const std::lock_guard lock(mutex_);
  std::vector<KvPage*> found;
  std::uint64_t parent = root_id(adapter);
  clock_ += keys.size() / P + 1;
  for (std::size_t i = 0; (i + 1) * P <= keys.size(); ++i) {
    Node* node = find(parent, keys.subspan(i * P, P));
    if (node == nullptr) break;
    found.push_back(node->page);
    ++node->page->references;
    node->last_use = clock_ - i;
    parent = node->id;
  }
  return found;
}

}  // namespace espalier::engine
