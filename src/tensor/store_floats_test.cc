#include "tensor/store_floats.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "tensor/bfloat16.h"
#include "tensor/dequantise.h"

namespace espalier::tensor {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

TEST(Bfloat16, EveryOneComesBackFromFloat) {
  for (std::uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const float value = bfloat16_to_float(static_cast<std::uint16_t>(bits));
    const std::uint32_t expected = std::isnan(value) ? bits | 0x40U : bits;
    ASSERT_EQ(float_to_bfloat16(value), expected) << bits;
  }
}

// Against arithmetic in double, which holds both neighbours and their distances.
TEST(Bfloat16, RoundsToTheNearestAndTiesToEven) {
  for (std::uint32_t bits = 0; bits < 0x7f7f'0000U; bits += 0x1fff) {
    const float value = std::bit_cast<float>(bits);
    const auto below = static_cast<std::uint16_t>(bits >> 16U);
    const double low = bfloat16_to_float(below), high = bfloat16_to_float(below + 1U);
    const double left = static_cast<double>(value) - low, right = high - static_cast<double>(value);
    const bool up = right < left || (right == left && below % 2 == 1);
    ASSERT_EQ(float_to_bfloat16(value), below + (up ? 1 : 0)) << bits;
    ASSERT_EQ(float_to_bfloat16(-value), (below + (up ? 1U : 0U)) | 0x8000U) << bits;
  }
}

TEST(StoreFloats, ComesBackFromEveryTypeThatHoldsIt) {
  // 8 significant bits: all three types have them.
  const std::vector<float> values = {0, -0.0F, 1, -1.5F, 0x1.fep-14F, 65'280, infinity, -infinity};
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    std::vector<std::byte> stored(row_bytes(dtype, values.size()));
    EXPECT_TRUE(store_floats(dtype, values, stored));
    std::vector<float> back(values.size());
    dequantise(dtype, stored, back);
    EXPECT_EQ(back, values) << name(dtype);
  }
}

TEST(StoreFloats, SaysWhereANumberBecomesInfinite) {
  std::vector<std::byte> stored(2);
  EXPECT_TRUE(store_floats(DType::f16, std::vector{65'504.0F}, stored));
  EXPECT_FALSE(store_floats(DType::f16, std::vector{-65'520.0F}, stored));
  EXPECT_TRUE(store_floats(DType::bf16, std::vector{65'520.0F}, stored));
  EXPECT_FALSE(store_floats(DType::bf16, std::vector{std::numeric_limits<float>::max()}, stored));
}

}  // namespace
}  // namespace espalier::tensor
