#include "kernels/elementwise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <random>
#include <span>
#include <vector>

#include "kernels/exp_polynomial.h"
#include "kernels/exp_scalar.h"
#include "kernels/isa_testing.h"
#include "kernels/ops.h"

namespace espalier::kernels {
namespace {

using tensor::Rows;

constexpr double u = 0x1p-24;  // a rounding to f32 is off by at most this share
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float untouched = -12345.0F;
constexpr double smallest_normal = std::numeric_limits<float>::min();

std::vector<float> random_values(std::size_t count, std::mt19937& random, float scale = 1.0F) {
  std::normal_distribution<float> value(0.0F, scale);
  std::vector<float> x(count);
  for (float& element : x) element = value(random);
  return x;
}

std::vector<std::uint32_t> bits(std::span<const float> x) {
  std::vector<std::uint32_t> result;
  for (float element : x) result.push_back(std::bit_cast<std::uint32_t>(element));
  return result;
}

// A matrix whose rows begin at odd addresses and have gaps between them.
struct Matrix {
  std::size_t rows, cols;
  std::vector<float> storage;

  Matrix(std::size_t rows_, std::size_t cols_)
      : rows(rows_), cols(cols_), storage(1 + rows_ * (cols_ + 3), untouched) {}
  Matrix(std::size_t rows_, std::size_t cols_, std::mt19937& random, float scale = 1.0F)
      : Matrix(rows_, cols_) {
    for (std::size_t t = 0; t < rows; ++t) {
      const std::vector<float> values = random_values(cols, random, scale);
      std::copy(values.begin(), values.end(), view().row(t).begin());
    }
  }

  Rows<float> view() { return {storage.data() + 1, rows, cols, cols + 3}; }

  bool gaps_untouched() {
    if (storage[0] != untouched) return false;
    for (std::size_t t = 0; t < rows; ++t) {
      for (std::size_t gap = 0; gap < 3; ++gap) {
        if (storage[1 + t * (cols + 3) + cols + gap] != untouched) return false;
      }
    }
    return true;
  }
};

// Every width around the vectors of 16, and those of real models.
std::vector<std::size_t> widths() {
  std::vector<std::size_t> all;
  for (std::size_t width = 1; width <= 50; ++width) all.push_back(width);
  all.insert(all.end(), {576, 1000, 1536, 2048});
  return all;
}

class ElementwiseTest : public testing::EachIsa {
 protected:
  static const Ops& ops() { return ops_for(GetParam()); }
  std::mt19937 random{20250714};
};

// ---- exp ----

TEST(Exp, IsWithinItsErrorBoundOfTheExactFunction) {
  double worst = 0;
  for (float x = exp_lowest; x <= exp_highest; x += 0x1p-13F) {
    const double exact = std::exp(static_cast<double>(x));
    worst = std::max(worst, std::abs(static_cast<double>(scalar::exp(x)) - exact) / exact);
  }
  EXPECT_LE(worst, exp_relative_error);
}

TEST(Exp, IsExactAtZeroAndUnderflowsToZero) {
  EXPECT_EQ(scalar::exp(0.0F), 1.0F);
  EXPECT_EQ(scalar::exp(-0.0F), 1.0F);
  EXPECT_GT(scalar::exp(exp_lowest), 0.0F);
  EXPECT_EQ(scalar::exp(std::nextafter(exp_lowest, -infinity)), 0.0F);
  EXPECT_EQ(scalar::exp(-infinity), 0.0F);
  EXPECT_EQ(scalar::exp(infinity), scalar::exp(exp_highest));
  EXPECT_TRUE(std::isnan(scalar::exp(std::numeric_limits<float>::quiet_NaN())));
}

// ---- rms_norm ----

class RmsNorm : public ElementwiseTest {};
INSTANTIATE_TEST_SUITE_P(Isa, RmsNorm, ::testing::ValuesIn(base::all_isas), testing::isa_name);

// The relative error of a row of `width`: a lane adds width / 16 squares, five roundings more make
// the mean, whose error the root halves; root, reciprocal and two products round once each.
double rms_norm_bound(std::size_t width) {
  return ((static_cast<double>(width) / 16 + 8) / 2 + 4) * u;
}

TEST_P(RmsNorm, IsWithinTheRoundingBoundOfTheFormula) {
  for (std::size_t width : widths()) {
    Matrix x(2, width, random), y(2, width);
    const std::vector<float> weight = random_values(width, random);
    constexpr float eps = 1e-5F;
    ops().rms_norm(x.view(), weight, eps, y.view());
    for (std::size_t t = 0; t < 2; ++t) {
      double squares = 0;
      for (float value : x.view().row(t)) squares += static_cast<double>(value) * value;
      const double root = std::sqrt(squares / static_cast<double>(width) + eps);
      for (std::size_t d = 0; d < width; ++d) {
        const double exact = x.view()(t, d) / root * weight[d];
        ASSERT_NEAR(y.view()(t, d), exact, rms_norm_bound(width) * std::abs(exact)) << width;
      }
    }
    ASSERT_TRUE(y.gaps_untouched()) << width;
  }
}

TEST_P(RmsNorm, EveryIsaAgreesWithScalarOnOddWidths) {
  for (std::size_t width : widths()) {
    Matrix x(1, width, random), y(1, width), expected(1, width);
    const std::vector<float> weight = random_values(width, random);
    ops().rms_norm(x.view(), weight, 1e-6F, y.view());
    scalar::rms_norm(x.view(), weight, 1e-6F, expected.view());
    for (std::size_t d = 0; d < width; ++d) {
      const float want = expected.view()(0, d);
      ASSERT_NEAR(y.view()(0, d), want, 2 * rms_norm_bound(width) * std::abs(want)) << width;
    }
  }
}

TEST_P(RmsNorm, RowDoesNotDependOnItsNeighbours) {
  Matrix x(7, 100, random), together(7, 100), alone(7, 100);
  const std::vector<float> weight = random_values(100, random);
  ops().rms_norm(x.view(), weight, 1e-5F, together.view());
  for (std::size_t t = 0; t < 7; ++t) {
    ops().rms_norm(x.view().slice_rows(t, 1), weight, 1e-5F, alone.view().slice_rows(t, 1));
  }
  EXPECT_EQ(bits(together.storage), bits(alone.storage));
}

TEST_P(RmsNorm, WorksInPlace) {
  for (std::size_t width : widths()) {
    Matrix x(3, width, random), y(3, width);
    const std::vector<float> weight = random_values(width, random);
    ops().rms_norm(x.view(), weight, 1e-5F, y.view());
    ops().rms_norm(x.view(), weight, 1e-5F, x.view());
    ASSERT_EQ(bits(x.storage), bits(y.storage)) << width;
  }
}

TEST_P(RmsNorm, ARowOfZerosStaysZero) {
  std::vector<float> x(20, 0.0F), y(20, untouched);
  ops().rms_norm({x.data(), 1, 20}, std::vector<float>(20, 2.0F), 1e-5F, {y.data(), 1, 20});
  EXPECT_EQ(y, std::vector<float>(20, 0.0F));
}

// ---- rope ----

class Rope : public ElementwiseTest {};
INSTANTIATE_TEST_SUITE_P(Isa, Rope, ::testing::ValuesIn(base::all_isas), testing::isa_name);

TEST_P(Rope, TurnsPairsHalfAHeadApart) {
  for (std::size_t head_size : {2, 6, 16, 32, 64, 80, 96, 128, 256}) {
    const std::size_t half = head_size / 2, heads = 3;
    Matrix x(4, heads * head_size + 5, random), cos(4, half), sin(4, half);
    for (std::size_t t = 0; t < 4; ++t) {
      for (std::size_t i = 0; i < half; ++i) {
        const double angle = static_cast<double>(t) + 0.1 * static_cast<double>(i);
        cos.view()(t, i) = static_cast<float>(std::cos(angle));
        sin.view()(t, i) = static_cast<float>(std::sin(angle));
      }
    }
    Matrix y = x;
    ops().rope(y.view(), heads, head_size, cos.view(), sin.view());
    for (std::size_t t = 0; t < 4; ++t) {
      for (std::size_t i = 0; i < heads * half; ++i) {
        const std::size_t d = i / half * head_size + i % half;
        const double a = x.view()(t, d), b = x.view()(t, d + half);
        const double c = cos.view()(t, i % half), s = sin.view()(t, i % half);
        // Two products and their sum round.
        const double near = 2 * u * (std::abs(a) + std::abs(b));
        ASSERT_NEAR(y.view()(t, d), a * c - b * s, near) << head_size;
        ASSERT_NEAR(y.view()(t, d + half), b * c + a * s, near) << head_size;
      }
      for (std::size_t d = heads * head_size; d < x.cols; ++d) {
        ASSERT_EQ(y.view()(t, d), x.view()(t, d)) << head_size;
      }
    }
    ASSERT_TRUE(y.gaps_untouched()) << head_size;
  }
}

TEST_P(Rope, AngleZeroChangesNothing) {
  Matrix x(2, 160, random);
  Matrix y = x;
  const std::vector<float> cos(2 * 40, 1.0F), sin(2 * 40, 0.0F);
  ops().rope(y.view(), 2, 80, {cos.data(), 2, 40}, {sin.data(), 2, 40});
  EXPECT_EQ(y.storage, x.storage);
}

// ---- swiglu ----

class Swiglu : public ElementwiseTest {};
INSTANTIATE_TEST_SUITE_P(Isa, Swiglu, ::testing::ValuesIn(base::all_isas), testing::isa_name);

TEST_P(Swiglu, IsWithinTheRoundingBoundOfTheFormula) {
  for (std::size_t width : widths()) {
    Matrix gate_up(2, 2 * width, random, 30.0F), y(2, width);
    gate_up.view()(0, 0) = 1e4F;
    gate_up.view()(1, 0) = -1e4F;
    ops().swiglu(gate_up.view(), y.view());
    for (std::size_t t = 0; t < 2; ++t) {
      for (std::size_t f = 0; f < width; ++f) {
        const double gate = gate_up.view()(t, f), up = gate_up.view()(t, width + f);
        const double exact = gate / (1 + std::exp(-gate)) * up;
        // exp, the sum, the quotient and the product; below exp_highest the gate is as good as
        // shut.
        const double near =
            (exp_relative_error + 4 * u) * std::abs(exact) + smallest_normal * std::abs(gate * up);
        ASSERT_NEAR(y.view()(t, f), exact, near) << "gate " << gate << ", width " << width;
      }
    }
    ASSERT_TRUE(y.gaps_untouched()) << width;
  }
}

TEST_P(Swiglu, AnElementDoesNotDependOnItsPlace) {
  std::vector<float> gate_up(2 * 37, 1.25F), y(37);
  ops().swiglu({gate_up.data(), 1, 74}, {y.data(), 1, 37});
  EXPECT_EQ(bits(y), bits(std::vector<float>(37, y[0])));
}

TEST_P(Swiglu, MayWriteWhereTheGateStood) {
  for (const auto op : {ops().swiglu, ops().geglu}) {
    for (std::size_t width : widths()) {
      Matrix gate_up(2, 2 * width, random, 3.0F), y(2, width);
      op(gate_up.view(), y.view());
      const tensor::Rows<float> in_place = gate_up.view().slice_cols(0, width);
      op(gate_up.view(), in_place);
      for (std::size_t t = 0; t < 2; ++t) {
        ASSERT_TRUE(std::ranges::equal(in_place.row(t), y.view().row(t))) << width;
      }
    }
  }
}

// ---- geglu ----

class Geglu : public ElementwiseTest {};
INSTANTIATE_TEST_SUITE_P(Isa, Geglu, ::testing::ValuesIn(base::all_isas), testing::isa_name);

TEST_P(Geglu, IsWithinTheRoundingBoundOfTheFormula) {
  for (std::size_t width : widths()) {
    Matrix gate_up(2, 2 * width, random, 3.0F), y(2, width);
    gate_up.view()(0, 0) = 1e4F;
    gate_up.view()(1, 0) = -1e4F;
    ops().geglu(gate_up.view(), y.view());
    for (std::size_t t = 0; t < 2; ++t) {
      for (std::size_t f = 0; f < width; ++f) {
        const double gate = gate_up.view()(t, f), up = gate_up.view()(t, width + f);
        const double slope = 2 * std::sqrt(2 / std::numbers::pi) * (1 + 0.044715 * gate * gate);
        const double exact = gate / (1 + std::exp(-gate * slope)) * up;
        // As for swiglu; and five roundings of the exponent, which move the exponential by as much
        // as the exponent is large.
        const double exponent = std::min(std::abs(gate * slope), 90.0);
        const double near = (exp_relative_error + (4 + 5 * exponent) * u) * std::abs(exact) +
                            smallest_normal * std::abs(gate * up);
        ASSERT_NEAR(y.view()(t, f), exact, near) << "gate " << gate << ", width " << width;
      }
    }
    ASSERT_TRUE(y.gaps_untouched()) << width;
  }
}

TEST_P(Geglu, EqualsTheFormulaWithTanh) {
  for (float gate = -6.0F; gate <= 6.0F; gate += 0x1p-6F) {
    const std::array<float, 2> gate_up = {gate, 1.0F};
    float y = untouched;
    ops().geglu({gate_up.data(), 1, 2}, {&y, 1, 1});
    const double x = gate;
    const double inner = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
    ASSERT_NEAR(y, x / 2 * (1 + std::tanh(inner)), 4 * u * std::abs(x)) << x;
  }
}

TEST_P(Geglu, AnElementDoesNotDependOnItsPlace) {
  std::vector<float> gate_up(2 * 37, 1.25F), y(37);
  ops().geglu({gate_up.data(), 1, 74}, {y.data(), 1, 37});
  EXPECT_EQ(bits(y), bits(std::vector<float>(37, y[0])));
}

// ---- add ----

class Add : public ElementwiseTest {};
INSTANTIATE_TEST_SUITE_P(Isa, Add, ::testing::ValuesIn(base::all_isas), testing::isa_name);

TEST_P(Add, AddsElementByElement) {
  for (std::size_t width : widths()) {
    Matrix x(3, width, random), y(3, width, random);
    Matrix sum = y;
    ops().add(x.view(), sum.view());
    for (std::size_t t = 0; t < 3; ++t) {
      for (std::size_t d = 0; d < width; ++d) {
        ASSERT_EQ(sum.view()(t, d), x.view()(t, d) + y.view()(t, d)) << width;
      }
    }
    ASSERT_TRUE(sum.gaps_untouched()) << width;
  }
}

TEST_P(Add, OneRowServesAll) {
  const std::vector<float> bias = random_values(37, random);
  Matrix y(5, 37, random);
  Matrix sum = y;
  ops().add({bias.data(), 5, 37, 0}, sum.view());
  for (std::size_t t = 0; t < 5; ++t) {
    for (std::size_t d = 0; d < 37; ++d) ASSERT_EQ(sum.view()(t, d), bias[d] + y.view()(t, d));
  }
  EXPECT_TRUE(sum.gaps_untouched());
}

// ---- softmax ----

class Softmax : public ElementwiseTest {};
INSTANTIATE_TEST_SUITE_P(Isa, Softmax, ::testing::ValuesIn(base::all_isas), testing::isa_name);

// The relative error of one result: rounding (x - max) / temperature, whose size is `range` at
// most, twice moves the exponential by as much, and the sum likewise; a lane adds width / 16 terms,
// then four more roundings and the quotient.
double softmax_bound(std::size_t width, double range) {
  return 2 * (exp_relative_error + 2.01 * range * u) + (static_cast<double>(width) / 16 + 6) * u;
}

TEST_P(Softmax, IsWithinTheRoundingBoundOfTheFormula) {
  for (const float temperature : {1.0F, 0.7F, 3.0F}) {
    for (std::size_t width : widths()) {
      std::vector<float> x = random_values(width + 2, random, 10.0F);
      x[0] = x[width + 1] = untouched;
      const std::vector<float> before = x;
      ops().softmax({x.data() + 1, width}, temperature);
      const auto [low, high] = std::minmax_element(before.begin() + 1, before.end() - 1);
      const auto weight = [&](float value) {
        return std::exp((static_cast<double>(value) - *high) / temperature);
      };
      double sum = 0, total = 0;
      for (std::size_t i = 1; i <= width; ++i) sum += weight(before[i]);
      const double range = (static_cast<double>(*high) - *low) / temperature;
      const double bound = softmax_bound(width, range);
      for (std::size_t i = 1; i <= width; ++i) {
        const double exact = weight(before[i]) / sum;
        ASSERT_NEAR(x[i], exact, bound * exact + smallest_normal) << width;
        total += x[i];
      }
      ASSERT_NEAR(total, 1.0, bound) << width;
      ASSERT_EQ(x[0], untouched);
      ASSERT_EQ(x[width + 1], untouched);
    }
  }
}

TEST_P(Softmax, ExponentialsAreWithinTheirErrorBound) {
  for (float x = -87.0F; x <= 0.0F; x += 0x1p-7F) {
    std::array<float, 2> pair = {0.0F, x};
    ops().softmax(pair, 1.0F);
    // Two quotients round besides the exponential.
    const double exact = std::exp(static_cast<double>(x));
    const double ratio = static_cast<double>(pair[1]) / pair[0];
    ASSERT_NEAR(ratio, exact, (exp_relative_error + 2.01 * u) * exact) << x;
  }
}

TEST_P(Softmax, MinusInfinityGivesZero) {
  for (std::size_t width : {2, 16, 17, 40}) {
    for (std::size_t finite = 0; finite < width; ++finite) {
      std::vector<float> x(width, -infinity);
      x[finite] = -3.0F;
      ops().softmax(x, 1.0F);
      std::vector<float> expected(width, 0.0F);
      expected[finite] = 1.0F;
      ASSERT_EQ(x, expected);
    }
  }
}

TEST_P(Softmax, HugeDifferencesDoNotOverflow) {
  std::vector<float> x = {3e38F, -3e38F, 3e38F};
  ops().softmax(x, 1.0F);
  EXPECT_EQ(x, (std::vector<float>{0.5F, 0.0F, 0.5F}));
}

TEST_P(Softmax, AnEmptyRowIsLeftAlone) {
  float beyond = untouched;
  ops().softmax({&beyond, 0}, 1.0F);
  EXPECT_EQ(beyond, untouched);
}

TEST_P(Softmax, WhereTheLargestStandsDoesNotMatter) {
  for (std::size_t width : widths()) {
    for (std::size_t at = 0; at < width; ++at) {
      std::vector<float> x(width, -infinity);
      EXPECT_EQ(ops().largest(x), -infinity);
      x[at] = -2.0F;
      ASSERT_EQ(ops().largest(x), -2.0F) << at << " of " << width;
    }
  }
  EXPECT_EQ(ops().largest({}), -infinity);
}

class Elementwise : public ElementwiseTest {};
INSTANTIATE_TEST_SUITE_P(Isa, Elementwise, ::testing::ValuesIn(base::all_isas), testing::isa_name);

TEST_P(Elementwise, ARowCutFromALongerOneGivesTheSameBits) {
  // No op may read beyond its width: what follows is NaN here, and zero in the copy.
  for (std::size_t width : widths()) {
    std::vector<float> poisoned = random_values(2 * width, random);
    poisoned.resize(2 * width + 32, std::numeric_limits<float>::quiet_NaN());
    std::vector<float> clean = poisoned;
    std::fill(clean.begin() + static_cast<std::ptrdiff_t>(2 * width), clean.end(), 0.0F);
    const auto run = [&](std::vector<float> x) {
      std::vector<float> y(2 * width);
      ops().rms_norm({x.data(), 1, 2 * width}, std::span(x).first(2 * width), 1e-5F,
                     {y.data(), 1, 2 * width});
      std::vector<float> results = y;
      ops().swiglu({x.data(), 1, 2 * width}, {y.data(), 1, width});
      results.insert(results.end(), y.begin(), y.end());
      ops().geglu({x.data(), 1, 2 * width}, {y.data(), 1, width});
      results.insert(results.end(), y.begin(), y.end());
      ops().softmax(std::span(x).first(2 * width), 1.0F);
      results.insert(results.end(), x.begin(), x.begin() + static_cast<std::ptrdiff_t>(2 * width));
      return bits(results);
    };
    ASSERT_EQ(run(poisoned), run(clean)) << width;
  }
}

}  // namespace
}  // namespace espalier::kernels
