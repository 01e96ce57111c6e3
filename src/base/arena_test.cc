#include "base/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

namespace espalier::base {
namespace {

TEST(Arena, PiecesAreAlignedAndDoNotOverlap) {
  Arena arena;
  std::vector<std::shared_ptr<std::byte>> pieces;
  for (std::size_t i = 0; i < 100; ++i) {
    pieces.push_back(arena.take(i + 1));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pieces[i].get()) % Arena::alignment, 0U);
    std::memset(pieces[i].get(), static_cast<int>(i), i + 1);
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    for (std::size_t at = 0; at <= i; ++at) ASSERT_EQ(pieces[i].get()[at], std::byte(i));
  }
}

TEST(Arena, PiecesFollowEachOther) {
  Arena arena;
  const auto first = arena.take(100), second = arena.take(1);
  EXPECT_EQ(second.get() - first.get(), 128);
}

TEST(Arena, APieceOutlivesItsArena) {
  std::shared_ptr<std::byte> piece;
  {
    Arena arena;
    piece = arena.take(10);
  }
  std::memset(piece.get(), 1, 10);
  EXPECT_EQ(piece.get()[9], std::byte{1});
}

TEST(Arena, APieceMayBeLargerThanAChunk) {
  Arena arena;
  constexpr std::size_t large = std::size_t{100} << 20;
  const auto small = arena.take(1), big = arena.take(large), after = arena.take(1);
  *small = *after = std::byte{1};
  big.get()[large - 1] = std::byte{2};
  EXPECT_EQ(big.get()[0], std::byte{0});  // untouched, so as the system gave it
  EXPECT_EQ(*small, std::byte{1});
}

TEST(Arena, HugePagesHoldTheSameBytes) {
  Arena arena;
  constexpr std::size_t count = 5'000'000;
  const auto piece = arena.take(count);
  for (std::size_t i = 0; i < count; ++i) piece.get()[i] = std::byte(i % 251);
  arena.use_huge_pages({});
  arena.use_huge_pages({});
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(piece.get()[i], std::byte(i % 251));
}

TEST(Arena, MoreThanThereIsIsRefused) {
  Arena arena;
  EXPECT_THROW(arena.take(SIZE_MAX), std::bad_alloc);
  EXPECT_THROW(arena.take(SIZE_MAX / 2), std::bad_alloc);
}

}  // namespace
}  // namespace espalier::base
