#include "engine/kv_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <thread>

#include "kernels/kv_page.h"

namespace espalier::engine {
namespace {

constexpr std::size_t P = kernels::page_positions;

std::vector<PositionKey> keys(std::size_t count, PositionKey first = 0) {
  std::vector<PositionKey> result(count);
  std::iota(result.begin(), result.end(), first);
  return result;
}

void release(KvCache& cache, KvPage* page) { cache.release({&page, 1}); }

TEST(KvCache, GivesNoMorePagesThanItsCapacityAndReusesReleasedOnes) {
  KvCache cache(256, 2);
  KvPage* a = cache.acquire();
  KvPage* b = cache.acquire();
  ASSERT_NE(a, nullptr);
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a->data.get()) % 64, 0U);
  EXPECT_EQ(cache.acquire(), nullptr);
  release(cache, a);
  EXPECT_EQ(cache.acquire(), a);
}

TEST(KvCache, ASharedPageIsCopiedBeforeItIsWritten) {
  KvCache cache(256, 2);
  KvPage* page = cache.acquire();
  std::fill_n(page->data.get(), 256, std::byte{7});
  KvPage* mine = page;
  ASSERT_TRUE(cache.make_writable(mine));
  EXPECT_EQ(mine, page) << "the only reference needs no copy";
  cache.retain({&page, 1});
  ASSERT_TRUE(cache.make_writable(mine));
  EXPECT_NE(mine, page);
  EXPECT_EQ(mine->data.get()[255], std::byte{7});
  EXPECT_EQ(page->references, 1);
  cache.retain({&page, 1});
  EXPECT_FALSE(cache.make_writable(page)) << "no page is left for a copy";
}

TEST(KvCache, AListedPrefixIsFoundByItsKeysAndItsAdapterOnly) {
  KvCache cache(256, 4);
  const std::vector<KvPage*> pages{cache.acquire(), cache.acquire()};
  cache.publish(no_adapter, keys(2 * P + 5), pages);
  EXPECT_EQ(cache.match(no_adapter, keys(2 * P)), pages);
  EXPECT_EQ(cache.match(no_adapter, keys(2 * P - 1)), std::vector{pages[0]});
  EXPECT_TRUE(cache.match(no_adapter, keys(P - 1)).empty());
  EXPECT_TRUE(cache.match(no_adapter, keys(2 * P, 1)).empty());
  EXPECT_TRUE(cache.match(1, keys(2 * P)).empty());
  // The second page follows the first only; on its own it is no prefix.
  EXPECT_TRUE(cache.match(no_adapter, keys(P, P)).empty());
}

TEST(KvCache, ListedPagesGiveWayLeastRecentlyUsedFirstAndTailsBeforeHeads) {
  KvCache cache(256, 3);
  const std::vector<KvPage*> chain{cache.acquire(), cache.acquire()};
  cache.publish(no_adapter, keys(2 * P), chain);
  cache.release(chain);
  KvPage* other = cache.acquire();
  cache.publish(no_adapter, keys(P, 1000), {&other, 1});
  release(cache, other);
  cache.release(cache.match(no_adapter, keys(P, 1000)));

  EXPECT_EQ(cache.acquire(), chain[1]) << "the tail of the older chain";
  EXPECT_EQ(cache.match(no_adapter, keys(2 * P)), std::vector{chain[0]});
  EXPECT_EQ(cache.acquire(), other) << "the chain's head is in use now";
  EXPECT_EQ(cache.acquire(), nullptr);
}

TEST(KvCache, PagesInUseAreNeverEvicted) {
  KvCache cache(256, 1);
  KvPage* page = cache.acquire();
  cache.publish(no_adapter, keys(P), {&page, 1});
  EXPECT_EQ(cache.acquire(), nullptr);
  release(cache, page);
  EXPECT_EQ(cache.acquire(), page);
  EXPECT_TRUE(cache.match(no_adapter, keys(P)).empty());
}

// Two sequences compute one prefix, each in pages of its own, and the listed page of the first goes
// while the second still builds on it.
TEST(KvCache, APageOfASequenceWhoseListedPrefixWasEvictedFindsItsWayBack) {
  KvCache cache(256, 3);
  KvPage* first = cache.acquire();
  cache.publish(no_adapter, keys(P), {&first, 1});
  release(cache, first);
  const std::vector<KvPage*> second{cache.acquire(), cache.acquire()};
  cache.publish(no_adapter, keys(2 * P), second);
  KvPage* other = cache.acquire();
  EXPECT_EQ(other, first) << "nobody holds it";
  cache.publish(no_adapter, keys(2 * P), second);
  EXPECT_EQ(cache.match(no_adapter, keys(2 * P)), second);
  cache.release(second);
  cache.release(second);
  release(cache, other);
  for (int i = 0; i < 3; ++i) EXPECT_NE(cache.acquire(), nullptr) << "page " << i;
}

TEST(KvCache, ManyThreadsMayUseItAtOnce) {
  KvCache cache(64, 16);
  std::vector<std::thread> threads;
  for (PositionKey t = 0; t < 4; ++t) {
    threads.emplace_back([&cache, t] {
      for (PositionKey round = 0; round < 2000; ++round) {
        const auto mine = keys(P, (t + round) % 6 * P);
        std::vector<KvPage*> pages = cache.match(no_adapter, mine);
        if (pages.empty()) {
          KvPage* page = cache.acquire();
          if (page == nullptr) continue;
          pages.push_back(page);
          cache.publish(no_adapter, mine, pages);
        }
        cache.release(pages);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::size_t acquired = 0;
  while (cache.acquire() != nullptr) ++acquired;
  EXPECT_EQ(acquired, 16U) << "every page found its way back";
}

}  // namespace
}  // namespace espalier::engine
