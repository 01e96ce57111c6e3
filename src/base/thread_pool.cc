#include "base/thread_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "base/checked_math.h"
#include "espalier/error.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace espalier::base {
namespace {

constexpr std::uint64_t open_bit = 1ULL << 31;
constexpr std::uint64_t inside_mask = open_bit - 1;

// About 50 µs of pauses: longer than the gap between two regions of a decode step, shorter than
// anything another process would notice.
constexpr int spins_before_sleep = 2000;

void pause() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

std::uint64_t region_number(std::uint64_t state) { return state >> 32; }

}  // namespace

ThreadPool::ThreadPool(int threads) {
  if (threads < 1 || threads > max_threads) {
    throw InvalidArgument(
        fmt::format("{} threads: a thread count from 1 to {} is needed", threads, max_threads));
  }
  const auto count = static_cast<std::size_t>(threads);
  shares_ = std::make_unique<Share[]>(count);
  workers_.reserve(count - 1);
  try {
    for (std::size_t i = 1; i < count; ++i) workers_.emplace_back([this, i] { worker_loop(i); });
  } catch (const std::system_error& fault) {
    // A thread that runs must be joined before it dies: else the program ends here.
    const std::size_t started = workers_.size() + 1;
    stop_workers();
    throw InvalidArgument(
        fmt::format("{} threads: the system starts no more than {} ({}); ask for fewer", threads,
                    started, fault.code().message()));
  }
  limit(threads);
}

ThreadPool::~ThreadPool() { stop_workers(); }

void ThreadPool::limit(int active) noexcept {
  active_ = std::clamp(active, 1, threads());
  most_inside_.store(static_cast<std::uint64_t>(active_ - 1), std::memory_order_relaxed);
}

void ThreadPool::stop_workers() noexcept {
  stop_.store(true);
  signal_.fetch_add(1);
  signal_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run_region(Region region) noexcept {
  region.shares = static_cast<std::size_t>(active_);
  region_ = region;
  const std::size_t ranges = ceil_div(region.count, region.grain);
  for (std::size_t i = 0; i < region.shares; ++i) {
    shares_[i].next.store(ranges * i / region.shares, std::memory_order_relaxed);
    shares_[i].end = ranges * (i + 1) / region.shares;
  }
  const std::uint64_t number = region_number(state_.load(std::memory_order_relaxed)) + 1;
  state_.store(number << 32 | open_bit, std::memory_order_seq_cst);
  signal_.fetch_add(1, std::memory_order_seq_cst);
  // Waking is a system call: only where fewer are awake than may help.
  const int awake = threads() - 1 - sleepers_.load(std::memory_order_seq_cst);
  if (awake < active_ - 1) signal_.notify_all();
  work_on_region(0);
  // Close the door, then wait for those inside: they may still be running the last ranges.
  std::uint64_t state = state_.fetch_and(~open_bit, std::memory_order_acq_rel) & ~open_bit;
  for (int spins = 0; (state & inside_mask) != 0; ++spins) {
    if (spins < spins_before_sleep) {
      pause();
    } else {
      std::this_thread::yield();
    }
    state = state_.load(std::memory_order_acquire);
  }
}

void ThreadPool::work_on_region(std::size_t thread) noexcept {
  const Region region = region_;
  for (std::size_t i = 0; i < region.shares; ++i) {
    Share& share = shares_[(thread + i) % region.shares];
    for (;;) {
      const std::size_t range = share.next.fetch_add(1, std::memory_order_relaxed);
      if (range >= share.end) break;
      const std::size_t begin = range * region.grain;
      const std::size_t end = begin + region.grain;
      region.call(region.context, begin, end < region.count ? end : region.count);
    }
  }
}

void ThreadPool::worker_loop(std::size_t thread) noexcept {
  std::uint64_t done = 0;
  int spins = 0;
  while (!stop_.load(std::memory_order_acquire)) {
    const std::uint32_t seen = signal_.load(std::memory_order_seq_cst);
    std::uint64_t state = state_.load(std::memory_order_acquire);
    if ((state & open_bit) != 0 && region_number(state) != done &&
        (state & inside_mask) < most_inside_.load(std::memory_order_relaxed)) {
      if (!state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) continue;
      done = region_number(state);
      work_on_region(thread);
      state_.fetch_sub(1, std::memory_order_release);
      spins = 0;
    } else if (++spins < spins_before_sleep) {
      pause();
    } else {
      sleepers_.fetch_add(1, std::memory_order_seq_cst);
      if (!stop_.load(std::memory_order_acquire)) signal_.wait(seen, std::memory_order_seq_cst);
      sleepers_.fetch_sub(1, std::memory_order_seq_cst);
      spins = 0;
    }
  }
}

}  // namespace espalier::base
