#include "base/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <new>

#include "base/checked_math.h"

namespace espalier::base {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr int collapse_now = 25;  // MADV_COLLAPSE, which older headers lack

// Whole huge pages at a multiple of their size. `bytes` is a multiple of it.
std::shared_ptr<std::byte> map_chunk(std::size_t bytes) {
  // The system aligns to small pages: what sticks out in front and behind is given back.
  void* mapped = ::mmap(nullptr, bytes + huge_page, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* const first = static_cast<std::byte*>(mapped);
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(first) % huge_page;
  if (before > 0) ::munmap(first, before);
  if (before < huge_page) ::munmap(first + before + bytes, huge_page - before);
  std::byte* const chunk = first + before;
  return {chunk, [bytes](std::byte* at) { ::munmap(at, bytes); }};
}

}  // namespace

std::shared_ptr<std::byte> Arena::take(std::size_t bytes) {
  if (bytes > SIZE_MAX - 2 * huge_page) throw std::bad_alloc();
  const std::size_t wanted = round_up(bytes, alignment);
  if (chunks_.empty() || wanted > chunks_.back().size - chunks_.back().used) {
    const std::size_t size = round_up(std::max(wanted, chunk_bytes), huge_page);
    chunks_.push_back({.memory = map_chunk(size), .size = size});
    if (pages_ == Pages::huge) ::madvise(chunks_.back().memory.get(), size, MADV_HUGEPAGE);
  }
  Chunk& chunk = chunks_.back();
  std::shared_ptr<std::byte> piece(chunk.memory, chunk.memory.get() + chunk.used);
  chunk.used += wanted;
  return piece;
}

void Arena::use_huge_pages(const std::stop_token& stop) const noexcept {
  if (huge_.exchange(true)) return;
  for (const Chunk& chunk : chunks_) {
    // Whole pages only: the rest of the last one was never touched.
    for (std::size_t at = 0; at + huge_page <= chunk.used; at += huge_page) {
      if (stop.stop_requested()) return;
      std::byte* const page = chunk.memory.get() + at;
      // Linux before 6.1 does not know the call, but moves what it was advised to, by and by.
      if (::madvise(page, huge_page, collapse_now) != 0) ::madvise(page, huge_page, MADV_HUGEPAGE);
    }
  }
}

}  // namespace espalier::base
