#include "kernels/quantised_rows.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/isa_testing.h"

namespace espalier::kernels {
namespace {

QuantisedRows quantise(base::Isa isa, const std::vector<float>& x, std::size_t rows) {
  const std::size_t cols = x.size() / rows;
  QuantisedRows out;
  out.resize(rows, cols);
  ops_for(isa).quantise_rows({x.data(), rows, cols}, 0, rows, out);
  return out;
}

// Codes, lane sums and scales (as bits) in one list, so that two of them can be compared.
std::vector<std::int64_t> everything(const QuantisedRows& q) {
  std::vector<std::int64_t> all;
  for (std::size_t t = 0; t < q.rows(); ++t) {
    all.insert(all.end(), q.codes(t), q.codes(t) + q.cols());
    all.insert(all.end(), q.lane_sums(t), q.lane_sums(t) + q.blocks() * quant_lane_sums);
    for (std::size_t b = 0; b < q.blocks(); ++b) {
      all.push_back(std::bit_cast<std::int32_t>(q.scales(t)[b]));
    }
  }
  return all;
}

// One block of values of about the same size, from subnormal to huge.
std::vector<float> random_row(std::size_t blocks, std::mt19937& random) {
  std::uniform_int_distribution<int> exponent(-149, 127);
  std::uniform_real_distribution<float> value(-1.0F, 1.0F);
  std::vector<float> x;
  for (std::size_t b = 0; b < blocks; ++b) {
    const int shift = exponent(random);
    for (std::size_t i = 0; i < quant_block; ++i) x.push_back(std::ldexp(value(random), shift));
  }
  return x;
}

class QuantiseRows : public testing::EachIsa {};

TEST_P(QuantiseRows, GivesTheBitsOfScalar) {
  EXPECT_TRUE(rc::check([] {
    const std::size_t blocks = *rc::gen::inRange<std::size_t>(1, 20);
    const std::size_t rows = *rc::gen::inRange<std::size_t>(1, 4);
    std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
    const std::vector<float> x = random_row(rows * blocks, random);
    RC_ASSERT(everything(quantise(GetParam(), x, rows)) ==
              everything(quantise(base::Isa::scalar, x, rows)));
  }));
}

TEST_P(QuantiseRows, GivesTheBitsOfScalarForAnyBitPattern) {
  EXPECT_TRUE(rc::check([] {
    std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
    std::vector<float> x(4 * quant_block);
    for (float& value : x) value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    RC_ASSERT(everything(quantise(GetParam(), x, 1)) ==
              everything(quantise(base::Isa::scalar, x, 1)));
  }));
}

TEST_P(QuantiseRows, IsWithinHalfAStepOfTheValue) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    const std::vector<float> x = random_row(1, random);
    const QuantisedRows q = quantise(GetParam(), x, 1);
    const double scale = q.scales(0)[0];
    const auto [min, max] = std::minmax_element(x.begin(), x.end());
    const double largest = std::max(std::fabs(double{*min}), std::fabs(double{*max}));
    // A scale in the normal range is exact to 2^-24, of 127 steps; below, its own step adds up.
    const double slack = largest * 0x1p-23 + 128 * double{std::numeric_limits<float>::denorm_min()};
    for (std::size_t i = 0; i < quant_block; ++i) {
      EXPECT_NEAR(scale * q.codes(0)[i], x[i], scale / 2 + slack);
    }
  }
}

TEST_P(QuantiseRows, LaneSumsAreTheSharesOfInt16Lanes) {
  std::mt19937 random(6);
  const std::vector<float> x = random_row(3, random);
  const QuantisedRows q = quantise(GetParam(), x, 1);
  for (std::size_t b = 0; b < 3; ++b) {
    const std::int8_t* codes = q.codes(0) + b * quant_block;
    int expected[quant_lane_sums] = {};
    for (std::size_t j = 0; j < 4; ++j) {
      const std::int8_t* four = codes + 4 * j;
      expected[0] += four[0] + four[1];
      expected[1] += four[2] + four[3];
    }
    for (std::size_t i = 0; i < quant_lane_sums; ++i) {
      EXPECT_EQ(q.lane_sums(0)[b * quant_lane_sums + i], expected[i]) << "block " << b;
    }
  }
}

TEST_P(QuantiseRows, TiesGoToTheEvenCode) {
  std::vector<float> x(quant_block, 0.0F);
  x[0] = 127.0F;  // the scale is 1
  x[1] = 0.5F;
  x[2] = 1.5F;
  x[3] = 2.5F;
  x[4] = -0.5F;
  x[5] = -1.5F;
  x[6] = -126.5F;
  const QuantisedRows q = quantise(GetParam(), x, 1);
  const std::vector<int> codes(q.codes(0), q.codes(0) + 8);
  EXPECT_EQ(codes, (std::vector<int>{127, 0, 2, 2, 0, -2, -126, 0}));
  EXPECT_EQ(q.scales(0)[0], 1.0F);
}

TEST_P(QuantiseRows, ZeroBlocksHaveZeroScales) {
  const std::vector<float> x(2 * quant_block, -0.0F);
  const QuantisedRows q = quantise(GetParam(), x, 1);
  EXPECT_EQ(everything(q), std::vector<std::int64_t>(2 * (quant_block + quant_lane_sums + 1), 0));
}

TEST_P(QuantiseRows, ExtremesStayWithinTheCodes) {
  constexpr float tiny = std::numeric_limits<float>::denorm_min();
  constexpr float huge = std::numeric_limits<float>::max();
  // 190 / 127 rounds down to one subnormal unit, so the quotient is 190 and the code is clamped.
  for (const float largest : {tiny, 63 * tiny, 64 * tiny, 190 * tiny, huge}) {
    std::vector<float> x(quant_block, 0.0F);
    x[7] = largest;
    x[15] = -largest;
    const QuantisedRows q = quantise(GetParam(), x, 1);
    const int expected = largest <= 63 * tiny ? 0 : largest == 64 * tiny ? 64 : 127;
    EXPECT_EQ(q.codes(0)[7], expected) << largest;
    EXPECT_EQ(q.codes(0)[15], -expected) << largest;
    EXPECT_TRUE(std::isfinite(q.scales(0)[0])) << largest;
  }
}

TEST_P(QuantiseRows, ABlockThatIsNotFiniteGetsTheScaleNan) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {infinity, -infinity, nan, -nan}) {
    for (const std::size_t at : {0U, 7U, 15U}) {
      std::vector<float> x(3 * quant_block, 1.0F);
      x[quant_block + at] = bad;
      const QuantisedRows q = quantise(GetParam(), x, 1);
      EXPECT_TRUE(std::isnan(q.scales(0)[1]));
      EXPECT_EQ(q.lane_sums(0)[quant_lane_sums], 0);
      EXPECT_EQ(q.lane_sums(0)[quant_lane_sums + 1], 0);
      EXPECT_TRUE(std::all_of(q.codes(0) + quant_block, q.codes(0) + 2 * quant_block,
                              [](std::int8_t code) { return code == 0; }));
      EXPECT_EQ(q.scales(0)[0], 1.0F / 127.0F);
      EXPECT_EQ(q.scales(0)[2], 1.0F / 127.0F);
    }
  }
}

TEST_P(QuantiseRows, WritesOnlyTheRowsItIsAskedFor) {
  std::mt19937 random(9);
  const std::vector<float> x = random_row(5 * 2, random);
  QuantisedRows out;
  out.resize(5, 2 * quant_block);
  ops_for(GetParam()).quantise_rows({x.data(), 5, 2 * quant_block}, 1, 3, out);
  const QuantisedRows whole = quantise(GetParam(), x, 5);
  for (std::size_t t = 0; t < 5; ++t) {
    const bool asked = t == 1 || t == 2;
    for (std::size_t i = 0; i < out.cols(); ++i) {
      EXPECT_EQ(out.codes(t)[i], asked ? whole.codes(t)[i] : 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, QuantiseRows, ::testing::ValuesIn(base::all_isas), testing::isa_name);

}  // namespace
}  // namespace espalier::kernels
