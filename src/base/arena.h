// Memory for a lot of data that lives and dies together and is read again and again, such as a
// model's weights: pieces stand side by side, and can be moved into huge pages.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <vector>

namespace espalier::base {

class Arena {
 public:
  enum class Pages { small, huge };

  // With huge ones, memory comes in pages of 2 MiB from the start, where the system has them: what
  // is touched first in one waits for all of it.
  explicit Arena(Pages pages = Pages::small) : pages_(pages) {}

  // Pieces follow each other in the order in which they were taken, at multiples of this.
  static constexpr std::size_t alignment = 64;

  // A piece of `bytes` undefined bytes. It lives as long as any copy of the pointer, and with it
  // the chunk around it. Not safe from several threads. Throws std::bad_alloc.
  std::shared_ptr<std::byte> take(std::size_t bytes);

  // Moves what was taken into pages of 2 MiB, where the system has them: a pass over small pages
  // spends a tenth of its time looking them up. It takes a moment (0.03 s to 0.2 s for 100 MB), in
  // which other threads may read, though a read waits while its page is under way. Only the first
  // call does anything, and none may come before the last take(). Safe from several threads.
  void use_huge_pages(const std::stop_token& stop) const noexcept;

 private:
  // Address space, not memory: what is never touched costs nothing.
  static constexpr std::size_t chunk_bytes = std::size_t{64} << 20;

  struct Chunk {
    std::shared_ptr<std::byte> memory;
    std::size_t size = 0;
    std::size_t used = 0;
  };

  Pages pages_;
  std::vector<Chunk> chunks_;
  mutable std::atomic<bool> huge_{false};
};

}  // namespace espalier::base
