#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
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

TEST(ThreadPool, IdlePoolStopsAtOnce) {
  for (int round = 0; round < 200; ++round) ThreadPool pool(4);
}

TEST(ThreadPool, AbsurdThreadCountsAreRefusedWithTheRange) {
  EXPECT_THROW(ThreadPool(0), InvalidArgument);
  EXPECT_THROW(ThreadPool(-3), InvalidArgument);
  EXPECT_THROW(ThreadPool(ThreadPool::max_threads + 1), InvalidArgument);
}

}  // namespace
}  // namespace espalier::base
