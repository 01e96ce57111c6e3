#include "engine/sequence.h"

#include <fmt/format.h>

#include <utility>

#include "base/checked_math.h"
#include "engine/kv_cache.h"
#include "espalier/error.h"
#include "kernels/kv_page.h"

namespace espalier::engine {

PositionKey position_key(base::TokenId token) noexcept { return static_cast<std::uint32_t>(token); }

PositionKey position_key(std::uint64_t content_hash, std::size_t row) noexcept {
  std::uint64_t key = (content_hash ^ (row * 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL;
  key ^= key >> 33;
  return key | std::uint64_t{1} << 63;
}

Sequence::Sequence(std::shared_ptr<KvCache> cache) : cache_(std::move(cache)) {}

Sequence::~Sequence() {
  if (cache_ != nullptr) cache_->release(pages_);
}

Sequence::Sequence(Sequence&&) noexcept = default;

Sequence& Sequence::operator=(Sequence&& source) noexcept {
  // By way of a third, so that what this held is released now and not when `source` ends.
  Sequence other(std::move(source));
  std::swap(cache_, other.cache_);
  std::swap(adapter_, other.adapter_);
  std::swap(keys_, other.keys_);
  std::swap(pages_, other.pages_);
  return *this;
}

void Sequence::truncate(std::size_t n) {
  if (n > length()) {
    throw InvalidArgument(fmt::format("truncate({}): the sequence has {} positions", n, length()));
  }
  keys_.resize(n);
  const std::size_t kept = base::ceil_div(n, kernels::page_positions);
  if (kept >= pages_.size()) return;
  cache_->release(std::span(pages_).subspan(kept));
  pages_.resize(kept);
}

Sequence Sequence::fork() const {
  Sequence copy(cache_);
  copy.adapter_ = adapter_;
  copy.keys_ = keys_;
  copy.pages_ = pages_;
  cache_->retain(copy.pages_);
  return copy;
}

}  // namespace espalier::engine
