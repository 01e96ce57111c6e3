#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>
#include <vector>

#include "espalier/error.h"

namespace espalier::base {
namespace {

TEST(ThreadPool, EveryIndexIsVisitedExactlyOnce) {
  for (int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    for (std::size_t count : {0, 1, 2, 7, 64, 1000}) {
      for (std::size_t grain : {1, 3, 64, 5000}) {
        std::vector<std::atomic<int>> visits(count);
        pool.run(count, grain, [&](std::size_t begin, std::size_t end) {
          EXPECT_LT(begin, end);
          EXPECT_LE(end - begin, grain);
          for (std::size_t i = begin; i < end; ++i) visits[i].fetch_add(1);
        });
        for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(visits[i].load(), 1) << i;
      }
    }
  }
}

TEST(ThreadPool, AThreadThatIsHeldUpLeavesItsShareToTheOthers) {
  ThreadPool pool(2);
  const std::thread::id caller = std::this_thread::get_id();
  for (const bool hold_caller : {true, false}) {
    for (int round = 0; round < 20; ++round) {
      constexpr int count = 8;
      std::atomic<int> done{0};
      std::atomic<bool> held{false}, waited_in_vain{false};
      pool.run(count, 1, [&](std::size_t, std::size_t) {
        const bool is_caller = std::this_thread::get_id() == caller;
        if (is_caller == hold_caller && !held.exchange(true)) {
          const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
          while (done.load() < count - 1 && !waited_in_vain) {
            waited_in_vain = std::chrono::steady_clock::now() > deadline;
            std::this_thread::yield();
          }
        }
        ++done;
      });
      EXPECT_EQ(done.load(), count);
      EXPECT_FALSE(waited_in_vain);
    }
  }
}

TEST(ThreadPool, WritesOfARegionAreSeenByTheNext) {
  ThreadPool pool(4);
  std::vector<int> values(97, 0);
  for (int round = 1; round <= 20000; ++round) {
    pool.run(values.size(), 8, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) values[i] += 1;
    });
    ASSERT_EQ(values[static_cast<std::size_t>(round) % values.size()], round);
  }
}

TEST(ThreadPool, SleepingWorkersWakeForTheNextRegion) {
  ThreadPool pool(3);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::atomic<int> sum{0};
    pool.run(100, 1, [&](std::size_t begin, std::size_t) { sum += static_cast<int>(begin); });
    EXPECT_EQ(sum.load(), 4950);
  }
}

TEST(ThreadPool, NoMoreThreadsThanTheLimitWorkAtATime) {
  ThreadPool pool(6);
  EXPECT_EQ(pool.active(), 6);
  for (int active : {1, 2, 4, 6}) {
    pool.limit(active);
    std::atomic<int> inside{0}, most{0}, visits{0};
    for (int round = 0; round < 200; ++round) {
      pool.run(64, 1, [&](std::size_t, std::size_t) {
        const int now = inside.fetch_add(1) + 1;
        int seen = most.load();
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::yield();
        inside.fetch_sub(1);
        visits.fetch_add(1);
      });
    }
    EXPECT_LE(most.load(), active);
    EXPECT_EQ(visits.load(), 200 * 64);
  }
  pool.limit(100);
  EXPECT_EQ(pool.active(), 6);
  pool.limit(0);
  EXPECT_EQ(pool.active(), 1);
}

TEST(ThreadPool, IdlePoolStopsAtOnce) {
  for (int round = 0; round < 200; ++round) ThreadPool pool(4);
}

TEST(ThreadPool, AbsurdThreadCountsAreRefusedWithTheRange) {
  EXPECT_THROW(ThreadPool(0), InvalidArgument);
  EXPECT_THROW(ThreadPool(-3), InvalidArgument);
  EXPECT_THROW(ThreadPool(ThreadPool::max_threads + 1), InvalidArgument);
}

// Runs in a process of its own, whose address space has room for some of the stacks and not for
// all. A sanitizer keeps terabytes of it for itself, so the limit would end the process at once.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void start_more_threads_than_fit() {
  constexpr rlim_t room = rlim_t{1} << 30;
  const rlimit limit{room, room};
  if (::setrlimit(RLIMIT_AS, &limit) != 0) std::_Exit(2);
  try {
    const ThreadPool pool(ThreadPool::max_threads);
  } catch (const InvalidArgument& error) {
    std::cerr << error.what();
    std::_Exit(0);
  }
  std::_Exit(1);
}

TEST(ThreadPoolDeathTest, ThreadsThatTheSystemRefusesAreAnErrorAndNotTheEnd) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(start_more_threads_than_fit(), testing::ExitedWithCode(0),
              "1024 threads: the system starts no more than [0-9]+ ");
}
#endif

}  // namespace
}  // namespace espalier::base
