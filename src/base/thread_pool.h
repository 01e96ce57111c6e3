// Threads for many short parallel regions: a decode step has hundreds, a few microseconds each.
//
// A region hands out ranges of indices. Each thread begins with its own share, the same in every
// region of so many indices, so that it finds in its caches what it left there; then it helps the
// others. Which thread takes which range is left open all the same, so work must not depend on it.
// Idle workers spin for a bounded while, then sleep; a region never waits for a
// worker that has not started on it, so a busy machine costs that worker's help and nothing else.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace espalier::base {

class ThreadPool {
 public:
  // `threads` counts the calling thread too; 1 starts none. Throws InvalidArgument below 1, above
  // max_threads or where the system starts fewer.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  static constexpr int max_threads = 1024;

  int threads() const noexcept { return static_cast<int>(workers_.size()) + 1; }

  // How many threads work on a region at the same time, from the next one on: 1 to threads(),
  // which is where it starts. Workers beyond that go to sleep. The caller of run() sets it.
  void limit(int active) noexcept;
  int active() const noexcept { return active_; }

  // Calls work(begin, end) on disjoint ranges of at most `grain` indices that together are
  // [0, count), and returns when all are done. `work` must not throw and must not call the pool.
  // One caller at a time.
  template <class Work>
  void run(std::size_t count, std::size_t grain, Work&& work) noexcept {
    static_assert(std::is_invocable_v<Work&, std::size_t, std::size_t>);
    if (grain == 0) grain = 1;
    if (active_ == 1 || count <= grain) {
      for (std::size_t begin = 0; begin < count; begin += grain) {
        work(begin, begin + grain < count ? begin + grain : count);
      }
      return;
    }
    using Callable = std::remove_reference_t<Work>;
    run_region({[](void* context, std::size_t begin, std::size_t end) {
                  (*static_cast<Callable*>(context))(begin, end);
                },
                const_cast<std::remove_const_t<Callable>*>(&work), count, grain});
  }

 private:
  struct Region {
    void (*call)(void*, std::size_t, std::size_t) = nullptr;
    void* context = nullptr;
    std::size_t count = 0;
    std::size_t grain = 1;
    std::size_t shares = 1;
  };
  // The ranges of one thread's share that nobody has taken yet, in numbers of ranges.
  struct alignas(64) Share {
    std::atomic<std::size_t> next{0};
    std::size_t end = 0;
  };

  void stop_workers() noexcept;
  void run_region(Region region) noexcept;
  void work_on_region(std::size_t thread) noexcept;
  void worker_loop(std::size_t thread) noexcept;

  int active_ = 1;
  Region region_;
  std::unique_ptr<Share[]> shares_;  // one a thread
  // Bits 63…32: the region's number. Bit 31: open to joiners. Bits 30…0: workers inside it.
  alignas(64) std::atomic<std::uint64_t> state_{0};
  // Sleepers wait on this; it changes with every region and at the end.
  alignas(64) std::atomic<std::uint32_t> signal_{0};
  std::atomic<int> sleepers_{0};
  std::atomic<std::uint64_t> most_inside_{0};  // workers, the caller not counted
  std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;
};

}  // namespace espalier::base
