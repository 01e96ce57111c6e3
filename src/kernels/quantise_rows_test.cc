#include "kernels/quantised_rows.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
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

// All that the instruction set writes in one list, floats as bits, so that two can be compared.
std::vector<std::int64_t> everything(const QuantisedRows& q) {
  std::vector<std::int64_t> all;
  for (std::size_t t = 0; t < q.rows(); ++t) {
    all.insert(all.end(), q.codes(t), q.codes(t) + q.cols());
    all.insert(all.end(), q.lane_sums(t), q.lane_sums(t) + q.blocks() * quant_lane_sums);
    for (std::size_t b = 0; b < q.blocks(); ++b) {
      all.push_back(std::bit_cast<std::int32_t>(q.scales(t)[b]));
    }
    all.insert(all.end(), q.steps(t), q.steps(t) + q.blocks() / 2);
    for (std::size_t b = 0; b < q.blocks() / 2; ++b) {
      all.push_back(std::bit_cast<std::int32_t>(q.sums(t)[b]));
    }
    all.push_back(std::bit_cast<std::int32_t>(*q.units(t)));
  }
  return all;
}

// Step p of block b.
int step(const QuantisedRows& q, std::size_t row, std::size_t b, std::size_t p) {
  std::int16_t steps[2] = {};
  std::memcpy(steps, q.steps(row) + b, sizeof steps);
  return steps[p];
}

// AVX2's quantiser in plain loops, for one row.
QuantisedRows in_pairs(const std::vector<float>& x) {
  QuantisedRows out;
  out.resize(1, x.size());
  float largest = 0.0F;
  bool finite = true;
  for (const float value : x) {
    largest = std::max(largest, std::fabs(value));
    finite = finite && std::isfinite(value);
  }
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  const int exponent = largest >= 0x1p-106F ? std::ilogb(largest) - 20 : -126;
  const float unit = std::ldexp(1.0F, exponent);
  *out.units(0) = finite ? unit : nan;
  for (std::size_t b = 0; b < x.size() / 32; ++b) {
    int sum = 0;
    std::int16_t steps[2] = {};
    for (std::size_t p = 0; p < 2; ++p) {
      float most = 0.0F;
      for (std::size_t k = 0; k < 32; ++k) {
        if (k % 4 / 2 == p) most = std::max(most, std::fabs(x[32 * b + k]));
      }
      const float whole = std::max(1.0F, std::ceil(std::ldexp(most, -exponent) / 127.0F));
      if (finite) steps[p] = static_cast<std::int16_t>(whole);
      out.scales(0)[2 * b + p] = finite ? whole * unit : nan;
      for (std::size_t k = 0; k < 32; ++k) {
        if (k % 4 / 2 != p) continue;
        const float code = finite ? std::nearbyint(x[32 * b + k] / (whole * unit)) : 0.0F;
        out.codes(0)[32 * b + k] = static_cast<std::int8_t>(code);
        std::int16_t& lane_sum = out.lane_sums(0)[4 * b + k / 16 * 2 + p];
        lane_sum = static_cast<std::int16_t>(lane_sum + static_cast<int>(code));
        sum += steps[p] * static_cast<int>(code);
      }
    }
    out.sums(0)[b] = static_cast<float>(sum);
    std::memcpy(out.steps(0) + b, steps, sizeof steps);
  }
  return out;
}

std::vector<std::int64_t> expected_of(base::Isa isa, const std::vector<float>& x,
                                      std::size_t rows) {
  if (isa != base::Isa::avx2) return everything(quantise(base::Isa::scalar, x, rows));
  std::vector<std::int64_t> all;
  const auto cols = static_cast<std::ptrdiff_t>(x.size() / rows);
  for (auto row = x.begin(); row != x.end(); row += cols) {
    const std::vector<std::int64_t> of_row = everything(in_pairs({row, row + cols}));
    all.insert(all.end(), of_row.begin(), of_row.end());
  }
  return all;
}

// Blocks of 32 values, 16 at a time of about the same size, from subnormal to huge.
std::vector<float> random_row(std::size_t blocks, std::mt19937& random) {
  std::uniform_int_distribution<int> exponent(-149, 127);
  std::uniform_real_distribution<float> value(-1.0F, 1.0F);
  std::vector<float> x;
  for (std::size_t b = 0; b < 2 * blocks; ++b) {
    const int shift = exponent(random);
    for (std::size_t i = 0; i < quant_block; ++i) x.push_back(std::ldexp(value(random), shift));
  }
  return x;
}

// The same, all about as large as the largest: in what models compute, few are a thousandth of it.
std::vector<float> even_row(std::size_t blocks, std::mt19937& random) {
  std::uniform_int_distribution<int> exponent(-100, 110);
  std::uniform_int_distribution<int> smaller(0, 9);
  std::uniform_real_distribution<float> value(-1.0F, 1.0F);
  const int shift = exponent(random);
  std::vector<float> x;
  for (std::size_t b = 0; b < 2 * blocks; ++b) {
    const int of_block = shift - smaller(random);
    for (std::size_t i = 0; i < quant_block; ++i) x.push_back(std::ldexp(value(random), of_block));
  }
  return x;
}

class QuantiseRows : public testing::EachIsa {};

TEST_P(QuantiseRows, GivesTheBitsOfPlainLoops) {
  EXPECT_TRUE(rc::check([] {
    const std::size_t blocks = *rc::gen::inRange<std::size_t>(1, 10);
    const std::size_t rows = *rc::gen::inRange<std::size_t>(1, 4);
    std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
    const std::vector<float> x = *rc::gen::arbitrary<bool>() ? random_row(rows * blocks, random)
                                                             : even_row(rows * blocks, random);
    RC_ASSERT(everything(quantise(GetParam(), x, rows)) == expected_of(GetParam(), x, rows));
  }));
}

TEST_P(QuantiseRows, GivesTheBitsOfPlainLoopsForAnyBitPattern) {
  EXPECT_TRUE(rc::check([] {
    std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
    std::vector<float> x(4 * quant_block);
    for (float& value : x) value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    RC_ASSERT(everything(quantise(GetParam(), x, 1)) == expected_of(GetParam(), x, 1));
  }));
}

TEST_P(QuantiseRows, IsWithinHalfAStepOfTheValue) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    const std::vector<float> x = random_row(1, random);
    const QuantisedRows q = quantise(GetParam(), x, 1);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double scale = q.scales(0)[testing::scale_index(GetParam(), i)];
      // A scale in the normal range is exact to 2^-24, of 127 steps; below, its own step adds up.
      const double slack =
          std::fabs(x[i]) * 0x1p-23 + 128 * double{std::numeric_limits<float>::denorm_min()};
      EXPECT_NEAR(scale * q.codes(0)[i], x[i], scale / 2 + slack);
    }
  }
}

// What decides between AVX2's scales and free ones: nothing is lost but a little of small blocks.
TEST_P(QuantiseRows, ScalesAreHardlyLargerThanTheyNeedToBe) {
  std::mt19937 random(8);
  for (int round = 0; round < 200; ++round) {
    const std::vector<float> x = even_row(3, random);
    const QuantisedRows q = quantise(GetParam(), x, 1);
    float largest_of_row = 0.0F;
    for (const float value : x) largest_of_row = std::max(largest_of_row, std::fabs(value));
    std::vector<float> largest(q.blocks(), 0.0F);
    for (std::size_t i = 0; i < x.size(); ++i) {
      float& of_scale = largest[testing::scale_index(GetParam(), i)];
      of_scale = std::max(of_scale, std::fabs(x[i]));
    }
    for (std::size_t b = 0; b < q.blocks(); ++b) {
      const double needed = double{largest[b]} / 127.0;
      const double step = double{largest_of_row} / 127.0 / 8256.0;
      EXPECT_GE(q.scales(0)[b], needed * (1.0 - 0x1p-23));
      EXPECT_LE(q.scales(0)[b], needed * (1.0 + 0x1p-23) + step);
    }
  }
}

TEST(QuantiseRowsInPairs, ScalesAreWholeStepsOfTheRowsUnitThatKeepSumsWithinInt32) {
  if (!base::is_available(base::Isa::avx2)) GTEST_SKIP() << "this machine lacks avx2";
  EXPECT_TRUE(rc::check([] {
    std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
    std::vector<float> x =
        *rc::gen::arbitrary<bool>() ? random_row(6, random) : even_row(6, random);
    // Just below a power of two a step is largest.
    if (*rc::gen::arbitrary<bool>()) x[7] = 0x1.fffffep120F;
    const QuantisedRows q = quantise(base::Isa::avx2, x, 1);
    int mantissa = 0;
    const float unit = *q.units(0);
    RC_ASSERT(std::frexp(unit, &mantissa) == 0.5F && unit >= std::numeric_limits<float>::min());
    for (std::size_t b = 0; b < q.blocks() / 2; ++b) {
      double sum = 0.0;
      for (std::size_t p = 0; p < 2; ++p) {
        const int steps = step(q, 0, b, p);
        // 32,512 is the most that an int16 lane holds, and a dword adds two.
        RC_ASSERT(steps >= 1 && 2LL * 32512 * steps <= std::numeric_limits<std::int32_t>::max());
        RC_ASSERT(double{q.scales(0)[2 * b + p]} == double{unit} * steps);
        for (std::size_t half = 0; half < 2; ++half) {
          sum += steps * q.lane_sums(0)[4 * b + 2 * half + p];
        }
      }
      RC_ASSERT(q.sums(0)[b] == static_cast<float>(sum));
    }
  }));
}

TEST_P(QuantiseRows, LaneSumsAreTheSharesOfInt16Lanes) {
  std::mt19937 random(6);
  const std::vector<float> x = even_row(2, random);
  const QuantisedRows q = quantise(GetParam(), x, 1);
  for (std::size_t b = 0; b < 4; ++b) {
    const std::int8_t* codes = q.codes(0) + b * quant_block;
    int expected[quant_lane_sums] = {};
    for (std::size_t j = 0; j < 4; ++j) {
      const std::int8_t* four = codes + 4 * j;
      expected[0] += four[0] + four[1];
      expected[1] += four[2] + four[3];
    }
    for (std::size_t i = 0; i < quant_lane_sums; ++i) {
      EXPECT_EQ(q.lane_sums(0)[b * quant_lane_sums + i], expected[i]) << "16 columns " << b;
    }
  }
}

TEST_P(QuantiseRows, TiesGoToTheEvenCode) {
  // Columns that share a scale on every instruction set; it is 1.
  constexpr std::size_t columns[] = {0, 1, 4, 5, 8, 9, 12, 13};
  constexpr float values[] = {127.0F, 0.5F, 1.5F, 2.5F, -0.5F, -1.5F, -126.5F, 0.0F};
  std::vector<float> x(2 * quant_block, 0.0F);
  for (std::size_t i = 0; i < 8; ++i) x[columns[i]] = values[i];
  const QuantisedRows q = quantise(GetParam(), x, 1);
  std::vector<int> codes;
  for (const std::size_t column : columns) codes.push_back(q.codes(0)[column]);
  EXPECT_EQ(codes, (std::vector<int>{127, 0, 2, 2, 0, -2, -126, 0}));
  EXPECT_EQ(q.scales(0)[0], 1.0F);
}

TEST_P(QuantiseRows, ZerosHaveZeroCodes) {
  const std::vector<float> x(2 * quant_block, -0.0F);
  const QuantisedRows q = quantise(GetParam(), x, 1);
  EXPECT_TRUE(std::all_of(q.codes(0), q.codes(0) + 2 * quant_block,
                          [](std::int8_t code) { return code == 0; }));
  EXPECT_TRUE(std::all_of(q.lane_sums(0), q.lane_sums(0) + 2 * quant_lane_sums,
                          [](std::int16_t sum) { return sum == 0; }));
  EXPECT_TRUE(std::isfinite(q.scales(0)[0]) && std::isfinite(q.scales(0)[1]));
}

TEST_P(QuantiseRows, ExtremesStayWithinTheCodes) {
  constexpr float tiny = std::numeric_limits<float>::denorm_min();
  constexpr float huge = std::numeric_limits<float>::max();
  // AVX2's least scale is 2^-126. Elsewhere 190 / 127 rounds down to one subnormal unit, so the
  // quotient is 190 and the code is clamped.
  for (const float largest : {tiny, 63 * tiny, 64 * tiny, 190 * tiny, huge}) {
    std::vector<float> x(2 * quant_block, 0.0F);
    x[4] = largest;
    x[13] = -largest;
    const QuantisedRows q = quantise(GetParam(), x, 1);
    const bool is_zero =
        GetParam() == base::Isa::avx2 ? largest <= 190 * tiny : largest <= 63 * tiny;
    const int expected = is_zero ? 0 : largest == 64 * tiny ? 64 : 127;
    EXPECT_EQ(q.codes(0)[4], expected) << largest;
    EXPECT_EQ(q.codes(0)[13], -expected) << largest;
    EXPECT_TRUE(std::isfinite(q.scales(0)[0])) << largest;
  }
}

TEST_P(QuantiseRows, WhatIsNotFiniteGetsTheScaleNan) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {infinity, -infinity, nan, -nan}) {
    for (const std::size_t at : {0U, 7U, 15U}) {
      std::vector<float> x(4 * quant_block, 1.0F);
      x[quant_block + at] = bad;
      const QuantisedRows q = quantise(GetParam(), x, 1);
      EXPECT_TRUE(std::isnan(q.scales(0)[1]));
      EXPECT_EQ(q.lane_sums(0)[quant_lane_sums], 0);
      EXPECT_EQ(q.lane_sums(0)[quant_lane_sums + 1], 0);
      EXPECT_TRUE(std::all_of(q.codes(0) + quant_block, q.codes(0) + 2 * quant_block,
                              [](std::int8_t code) { return code == 0; }));
      if (GetParam() == base::Isa::avx2) {  // the whole row
        EXPECT_TRUE(std::isnan(q.scales(0)[0]) && std::isnan(*q.units(0)));
      } else {
        EXPECT_EQ(q.scales(0)[0], 1.0F / 127.0F);
        EXPECT_EQ(q.scales(0)[2], 1.0F / 127.0F);
      }
    }
  }
}

TEST_P(QuantiseRows, WritesOnlyTheRowsItIsAskedFor) {
  std::mt19937 random(9);
  const std::vector<float> x = random_row(5, random);
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
