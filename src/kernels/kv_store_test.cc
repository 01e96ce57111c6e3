#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "kernels/isa_testing.h"
#include "kernels/kv_page.h"
#include "kernels/ops.h"
#include "tensor/float16.h"

namespace espalier::kernels {
namespace {

class KvStore : public testing::EachIsa {
 protected:
  static std::vector<std::byte> store(const Ops& ops, const KvHeadLayout& layout,
                                      std::size_t position, const std::vector<float>& key,
                                      const std::vector<float>& value) {
    // An odd pattern, so that a byte written by mistake shows.
    std::vector<std::byte> region(layout.bytes());
    for (std::size_t i = 0; i < region.size(); ++i) region[i] = static_cast<std::byte>(i % 251);
    ops.kv_store(layout, region.data(), position, key.data(), value.data());
    return region;
  }

  static const Ops& ops() { return ops_for(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Isa, KvStore, ::testing::ValuesIn(base::all_isas), testing::isa_name);

template <class T>
T at(const std::vector<std::byte>& region, std::size_t offset, std::size_t i) {
  T value;
  std::memcpy(&value, region.data() + offset + i * sizeof value, sizeof value);
  return value;
}

std::vector<float> random_values(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> value;
  std::vector<float> x(count);
  for (float& element : x) element = value(random);
  return x;
}

TEST_P(KvStore, WritesTheBytesOfScalar) {
  EXPECT_TRUE(rc::check([] {
    const auto type = *rc::gen::element(KvType::f32, KvType::f16, KvType::int8);
    const KvHeadLayout layout{type, *rc::gen::inRange<std::size_t>(1, 140)};
    const auto position = *rc::gen::inRange<std::size_t>(0, page_positions);
    // Sizes from subnormal to beyond f16.
    const float scale = std::ldexp(1.0F, *rc::gen::inRange(-148, 100));
    auto key = random_values(layout.head_size, *rc::gen::arbitrary<std::uint32_t>());
    const auto value = random_values(layout.head_size, *rc::gen::arbitrary<std::uint32_t>());
    for (float& k : key) k *= scale;
    RC_ASSERT(store(ops(), layout, position, key, value) ==
              store(ops_for(base::Isa::scalar), layout, position, key, value));
  }));
}

TEST_P(KvStore, KeysAreTransposedValuesAreNot) {
  const KvHeadLayout layout{KvType::f32, 20};
  const auto key = random_values(20, 1), value = random_values(20, 2);
  const auto region = store(ops(), layout, 5, key, value);
  std::size_t written = 0;
  for (std::size_t k = 0; k < 20; ++k) {
    EXPECT_EQ(at<float>(region, layout.keys(), k * page_positions + 5), key[k]);
    EXPECT_EQ(at<float>(region, layout.values(), 5 * 20 + k), value[k]);
  }
  for (std::size_t i = 0; i < region.size(); ++i) {
    written += region[i] != static_cast<std::byte>(i % 251);
  }
  EXPECT_LE(written, 2 * 20 * sizeof(float));
}

TEST_P(KvStore, HalvesAreRoundedToNearestEven) {
  const KvHeadLayout layout{KvType::f16, 4};
  const std::vector<float> key = {1.0F + 0x1p-11F, 1.0F + 3 * 0x1p-11F, 65519.0F, 0x1p-25F};
  const auto region = store(ops(), layout, 63, key, key);
  for (std::size_t k = 0; k < 4; ++k) {
    const std::uint16_t half = tensor::float_to_half(key[k]);
    EXPECT_EQ(at<std::uint16_t>(region, layout.keys(), k * page_positions + 63), half);
    EXPECT_EQ(at<std::uint16_t>(region, layout.values(), 63 * 4 + k), half);
  }
}

TEST_P(KvStore, CodesAreWithinHalfAStepOfTheValue) {
  const KvHeadLayout layout{KvType::int8, 80};
  const auto key = random_values(80, 3), value = random_values(80, 4);
  const auto region = store(ops(), layout, 17, key, value);
  const auto key_scale = at<float>(region, layout.key_scales(), 17);
  const auto value_scale = at<float>(region, layout.value_scales(), 17);
  // x / scale and its product with the scale round by 127 · 2^-24 of a step each.
  constexpr float half_step = 0.5F + 0x1p-15F;
  for (std::size_t k = 0; k < 80; ++k) {
    const auto key_code = at<std::int8_t>(region, layout.keys(), k * page_positions + 17);
    const auto value_code = at<std::int8_t>(region, layout.values(), 17 * 80 + k);
    EXPECT_NEAR(key_scale * key_code, key[k], half_step * key_scale);
    EXPECT_NEAR(value_scale * value_code, value[k], half_step * value_scale);
  }
}

TEST_P(KvStore, CodesStayInRangeWhereTheScaleIsSubnormalOrZero) {
  const KvHeadLayout layout{KvType::int8, 3};
  constexpr float least = std::numeric_limits<float>::denorm_min();
  // 190 / 127 steps round down to a scale of one; 1 / 127 rounds down to zero.
  const std::vector<float> key = {190 * least, -190 * least, least};
  const std::vector<float> value = {least, -least, 0.0F};
  const auto region = store(ops(), layout, 0, key, value);
  EXPECT_EQ(at<float>(region, layout.key_scales(), 0), least);
  EXPECT_EQ(at<std::int8_t>(region, layout.keys(), 0), 127);
  EXPECT_EQ(at<std::int8_t>(region, layout.keys(), page_positions), -127);
  EXPECT_EQ(at<std::int8_t>(region, layout.keys(), 2 * page_positions), 1);
  EXPECT_EQ(at<float>(region, layout.value_scales(), 0), 0.0F);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(at<std::int8_t>(region, layout.values(), k), 0);
  }
}

}  // namespace
}  // namespace espalier::kernels
