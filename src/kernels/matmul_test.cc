#include "kernels/matmul.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "base/checked_math.h"
#include "kernels/isa_testing.h"
#include "tensor/float16.h"
#include "tensor/random_blocks_testing.h"

namespace espalier::kernels {
namespace {

using tensor::DType;
using tensor::PackedMatrix;

// A weight matrix, its packed form and activations, in both forms that the matmuls take.
struct Problem {
  std::size_t n = 0;
  std::size_t k = 0;
  std::size_t tokens = 0;
  std::vector<std::byte> source;
  PackedMatrix w;
  std::vector<float> x;
  QuantisedRows x_codes;

  Problem(DType dtype, std::size_t n_, std::size_t k_, std::vector<float> x_,
          std::vector<std::byte> source_)
      : n(n_), k(k_), tokens(x_.size() / k_), source(std::move(source_)), x(std::move(x_)) {
    w = tensor::pack(tensor::testing::view(dtype, n, k, source));
    if (!tensor::is_quantised(dtype)) return;
    x_codes.resize(tokens, k);
    const Ops& ops = ops_for(testing::EachIsa::GetParam());
    ops.quantise_rows({x.data(), tokens, k}, 0, tokens, x_codes);
  }
};

std::vector<float> random_values(std::size_t count, float largest, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-largest, largest);
  std::vector<float> x(count);
  for (float& element : x) element = value(random);
  return x;
}

Problem random_problem(DType dtype, std::size_t n, std::size_t k, std::size_t tokens,
                       std::uint32_t seed) {
  return {dtype, n, k, random_values(tokens * k, 3.0F, seed),
          tensor::testing::random_rows(dtype, n, k, seed + 1)};
}

// Outputs [tokens][n of the groups], computed for tokens [token, token + count).
std::vector<float> multiply(base::Isa isa, const Problem& p, std::size_t group_begin,
                            std::size_t group_end, std::size_t token, std::size_t count) {
  constexpr float untouched = -12345.0F;
  const std::size_t first = group_begin * tensor::packed_group_rows;
  const std::size_t rows = std::min(group_end * tensor::packed_group_rows, p.n) - first;
  const std::size_t stride = rows + 3;  // outputs need not follow each other
  std::vector<float> y(count * stride, untouched);
  const tensor::Rows<float> out(y.data(), count, rows, stride);
  const Ops& ops = ops_for(isa);
  if (tensor::is_quantised(p.w.dtype())) {
    ops.matmul_quantised(p.w, p.x_codes, token, group_begin, group_end, out);
  } else {
    const tensor::Rows<const float> x(p.x.data() + token * p.k, count, p.k);
    ops.matmul_float(p.w, x, group_begin, group_end, out);
  }
  std::vector<float> dense;
  for (std::size_t t = 0; t < count; ++t) {
    const auto row = y.begin() + static_cast<std::ptrdiff_t>(t * stride);
    dense.insert(dense.end(), row, row + static_cast<std::ptrdiff_t>(rows));
    const auto gap = row + static_cast<std::ptrdiff_t>(rows);
    EXPECT_TRUE(std::all_of(gap, gap + 3, [](float value) { return value == untouched; }))
        << "a row of outputs was written past its end";
  }
  return dense;
}

std::vector<float> multiply(base::Isa isa, const Problem& p) {
  return multiply(isa, p, 0, p.w.groups(), 0, p.tokens);
}

std::vector<std::uint32_t> bits(const std::vector<float>& values) {
  std::vector<std::uint32_t> result;
  for (float value : values) result.push_back(std::bit_cast<std::uint32_t>(value));
  return result;
}

// An output in f64, and how far f32 may be from it. With u = 2^-24, a sum to which every term comes
// through at most r roundings errs by at most r·u / (1 − r·u) · Σ|term| (Higham 2002, lemma 3.1); a
// product that underflows errs by half a subnormal unit more, times what it is multiplied by later.
struct Exact {
  double value = 0.0;
  double bound = 0.0;
};

double x_scale_of(const Problem& p, std::size_t t, std::size_t k) {
  return p.x_codes.scales(t)[testing::scale_index(testing::EachIsa::GetParam(), k)];
}

double rounding_bound(double roundings, double sum_of_magnitudes, double underflows) {
  const double ru = roundings * 0x1p-24;
  return ru / (1.0 - ru) * sum_of_magnitudes +
         underflows * double{std::numeric_limits<float>::denorm_min()};
}

Exact exact_float(const Problem& p, const std::vector<float>& w, std::size_t t) {
  Exact exact;
  double magnitude = 0.0;
  for (std::size_t i = 0; i < p.k; ++i) {
    const double term = double{w[i]} * double{p.x[t * p.k + i]};
    exact.value += term;
    magnitude += std::fabs(term);
  }
  // A product, the additions of its chain, and the two that join the chains.
  const auto k = static_cast<double>(p.k);
  exact.bound = rounding_bound(1.0 + std::ceil(k / 4.0) + 2.0, magnitude, k);
  return exact;
}

Exact exact_quantised(const Problem& p, std::size_t row, const std::vector<float>& w,
                      std::size_t t) {
  const DType dtype = p.w.dtype();
  const tensor::QuantFormat format = tensor::quant_format(dtype);
  // |code − offset|, and what a K-quant multiplies d and m with.
  const double largest_code =
      format.offset > 0 ? format.offset : static_cast<double>((1U << format.bits) - 1U);
  const double largest_factor = !format.block_scales   ? 1.0
                                : dtype == DType::q6_k ? 128.0
                                : dtype == DType::q3_k ? 32.0
                                : dtype == DType::q2_k ? 15.0
                                                       : 63.0;
  const std::size_t block_elements = tensor::info(dtype).block_elements;
  const tensor::testing::HalvesOfBlock halves = tensor::testing::halves_of_block(dtype);
  Exact exact;
  double magnitude = 0.0;
  double underflows = 0.0;
  for (std::size_t begin = 0; begin < p.k; begin += quant_block) {
    double code_magnitude = 0.0;
    double x_magnitude = 0.0;
    for (std::size_t i = begin; i < begin + quant_block; ++i) {
      const double x_scale = x_scale_of(p, t, i);
      exact.value += double{w[i]} * x_scale * p.x_codes.codes(t)[i];
      code_magnitude += std::abs(p.x_codes.codes(t)[i]);
      x_magnitude += x_scale * std::abs(p.x_codes.codes(t)[i]);
    }
    const std::byte* block = p.source.data() + row * tensor::row_bytes(dtype, p.k) +
                             begin / block_elements * tensor::info(dtype).block_bytes;
    const auto half_at = [&](std::size_t at) {
      std::uint16_t half = 0;
      std::memcpy(&half, block + at, sizeof half);
      return std::fabs(double{tensor::half_to_float(half)});
    };
    const double scale = half_at(halves.scale) * largest_factor;
    const double minimum = format.has_minima ? half_at(halves.minimum) * largest_factor : 0.0;
    magnitude += (largest_code * scale + minimum) * x_magnitude;
    underflows += largest_code * code_magnitude + minimum + 4.0;
  }
  // scale · x.scale, that times the dot product (or x.scale · sum, the sum of two of them, that
  // times the minimum), and up to two additions for every block of x; one more for the f32 values
  // of w, which round code · scale + minimum.
  const auto blocks = static_cast<double>(p.k / quant_block);
  exact.bound = rounding_bound(4.0 + 2.0 * blocks, magnitude, underflows);
  return exact;
}

void expect_within_bound(base::Isa isa, const Problem& p) {
  const std::vector<float> y = multiply(isa, p);
  std::vector<float> w(p.k);
  for (std::size_t row = 0; row < p.n; ++row) {
    tensor::unpack_row(p.w, row, w);
    for (std::size_t t = 0; t < p.tokens; ++t) {
      const Exact exact =
          tensor::is_quantised(p.w.dtype()) ? exact_quantised(p, row, w, t) : exact_float(p, w, t);
      ASSERT_NEAR(y[t * p.n + row], exact.value, exact.bound)
          << tensor::name(p.w.dtype()) << " N=" << p.n << " K=" << p.k << " T=" << p.tokens
          << " row " << row << " token " << t;
    }
  }
}

constexpr std::size_t odd_rows[] = {1, 15, 16, 17, 33};
// Every size of a tile (up to 12 tokens), and more than one of them.
constexpr std::size_t token_counts[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 33};

// Widths around the kernels' steps: blocks of 32 and runs of 4, 8 and 16 blocks, chains of 4.
std::vector<std::size_t> widths(DType dtype) {
  if (tensor::info(dtype).block_elements == 256) return {256, 512, 768, 1280};
  if (tensor::is_quantised(dtype)) return {32, 64, 224, 256, 288, 512, 544, 1120};
  return {1, 2, 3, 4, 5, 7, 8, 33, 130};
}

// `k`, or the next number of columns that the dtype can have.
std::size_t width(DType dtype, std::size_t k) {
  return base::round_up(k, tensor::info(dtype).block_elements);
}

class Matmul : public testing::EachIsa {};

TEST_P(Matmul, IsWithinTheRoundingBoundOfTheExactProduct) {
  std::uint32_t seed = 1;
  for (DType dtype : tensor::all_dtypes) {
    for (std::size_t n : odd_rows) {
      for (std::size_t k : widths(dtype)) {
        const std::size_t tokens = token_counts[seed % std::size(token_counts)];
        expect_within_bound(GetParam(), random_problem(dtype, n, k, tokens, seed++));
      }
    }
    for (std::size_t tokens : token_counts) {
      expect_within_bound(GetParam(), random_problem(dtype, 33, width(dtype, 96), tokens, seed++));
    }
  }
}

// What int8 activations cost: half a step of the block's scale for each weight.
TEST_P(Matmul, IsWithinHalfAStepOfTheActivationsOfTheProductInF64) {
  for (DType dtype : tensor::all_dtypes) {
    if (!tensor::is_quantised(dtype)) continue;
    const Problem p = random_problem(dtype, 33, width(dtype, 544), 7, 40);
    const std::vector<float> y = multiply(GetParam(), p);
    std::vector<float> w(p.k);
    for (std::size_t row = 0; row < p.n; ++row) {
      tensor::unpack_row(p.w, row, w);
      for (std::size_t t = 0; t < p.tokens; ++t) {
        double product = 0.0;
        double bound = exact_quantised(p, row, w, t).bound;
        for (std::size_t i = 0; i < p.k; ++i) {
          product += double{w[i]} * double{p.x[t * p.k + i]};
          // The scale and the quotient are rounded as well: 127 steps, 2^-23 off together.
          bound += std::fabs(double{w[i]}) * x_scale_of(p, t, i) * (0.5 + 127.0 * 0x1p-23);
        }
        ASSERT_NEAR(y[t * p.n + row], product, bound)
            << tensor::name(dtype) << " row " << row << " token " << t;
      }
    }
  }
}

TEST_P(Matmul, RowOfABatchEqualsTheRowAlone) {
  for (DType dtype : tensor::all_dtypes) {
    for (std::size_t tokens : token_counts) {
      const std::size_t k = tensor::is_quantised(dtype) ? width(dtype, 608) : 77;
      const Problem p = random_problem(dtype, 33, k, tokens, 7);
      const std::vector<float> batch = multiply(GetParam(), p);
      for (std::size_t t = 0; t < tokens; ++t) {
        const std::vector<float> alone = multiply(GetParam(), p, 0, p.w.groups(), t, 1);
        const auto row = batch.begin() + static_cast<std::ptrdiff_t>(t * p.n);
        const std::vector<float> of_batch(row, row + static_cast<std::ptrdiff_t>(p.n));
        ASSERT_EQ(bits(of_batch), bits(alone))
            << tensor::name(dtype) << " token " << t << " of " << tokens;
      }
    }
  }
}

TEST_P(Matmul, AnyRangeOfGroupsGivesTheSameBits) {
  EXPECT_TRUE(rc::check([] {
    const DType dtype =
        *rc::gen::elementOf(std::vector(tensor::all_dtypes.begin(), tensor::all_dtypes.end()));
    const std::size_t tokens = *rc::gen::inRange<std::size_t>(1, 15);
    const std::size_t n = *rc::gen::inRange<std::size_t>(1, 100);
    const std::size_t k = width(dtype, 32 * *rc::gen::inRange<std::size_t>(1, 20));
    const Problem p = random_problem(dtype, n, k, tokens, *rc::gen::arbitrary<std::uint16_t>());
    const std::size_t begin = *rc::gen::inRange<std::size_t>(0, p.w.groups());
    const std::size_t end = *rc::gen::inRange<std::size_t>(begin + 1, p.w.groups() + 1);
    const std::vector<float> whole = multiply(GetParam(), p);
    const std::vector<float> part = multiply(GetParam(), p, begin, end, 0, tokens);
    const std::size_t rows = part.size() / tokens;
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t i = 0; i < rows; ++i) {
        RC_ASSERT(std::bit_cast<std::uint32_t>(part[t * rows + i]) ==
                  std::bit_cast<std::uint32_t>(whole[t * n + begin * 16 + i]));
      }
    }
  }));
}

TEST_P(Matmul, AnEmptyRangeWritesNothing) {
  const Problem p = random_problem(DType::q4_0, 40, 64, 2, 3);
  ops_for(GetParam()).matmul_quantised(p.w, p.x_codes, 0, 1, 1, {});
}

// Blocks of one scale and one byte of everything else, an activation of one value: every product
// has the same sign, so integers that could saturate or wrap do. 0x00 and 0xff are the least and
// the largest code of every dtype, and scales of every sign; just below a power of two, AVX2's
// steps are largest.
TEST_P(Matmul, ExtremeCodesNeitherSaturateNorWrap) {
  constexpr std::size_t n = 17;
  for (DType dtype : tensor::all_dtypes) {
    if (!tensor::is_quantised(dtype)) continue;
    const std::size_t k = width(dtype, 96);
    const tensor::testing::HalvesOfBlock halves = tensor::testing::halves_of_block(dtype);
    for (const int code : {0x00, 0x80, 0x7f, 0xff, 0x0f, 0xf0}) {
      for (const float value : {-1.0F, 1.0F, -0x1.fffffep0F, 0x1.fffffep0F}) {
        std::vector<std::byte> source(n * tensor::row_bytes(dtype, k),
                                      static_cast<std::byte>(code));
        for (std::size_t at = 0; at < source.size(); at += tensor::info(dtype).block_bytes) {
          const std::uint16_t scale = tensor::float_to_half(0.5F);
          const std::uint16_t minimum = tensor::float_to_half(-3.0F);
          std::memcpy(source.data() + at + halves.scale, &scale, sizeof scale);
          if (tensor::quant_format(dtype).has_minima) {
            std::memcpy(source.data() + at + halves.minimum, &minimum, sizeof minimum);
          }
        }
        for (std::size_t tokens : {1U, 2U, 5U, 13U}) {
          expect_within_bound(GetParam(),
                              {dtype, n, k, std::vector<float>(tokens * k, value), source});
        }
      }
    }
  }
}

TEST_P(Matmul, TinyHugeAndZeroActivationsStayWithinTheBound) {
  for (DType dtype : tensor::all_dtypes) {
    for (const float largest : {0.0F, 1e-44F, 1e-38F, 1e-30F, 1e25F}) {
      for (std::size_t tokens : {1U, 3U, 14U}) {
        Problem p = random_problem(dtype, 17, width(dtype, 320), tokens, 21);
        expect_within_bound(GetParam(),
                            {dtype, p.n, p.k, random_values(tokens * p.k, largest, 4), p.source});
      }
    }
  }
}

TEST_P(Matmul, ANanInABlockOfAnActivationReachesEveryOutputOfItsTokenOnly) {
  for (DType dtype : tensor::all_dtypes) {
    const std::size_t k = width(dtype, 64);
    Problem clean = random_problem(dtype, 18, k, 3, 30);
    std::vector<float> x = clean.x;
    x[k + 40] = std::numeric_limits<float>::quiet_NaN();
    const Problem p(dtype, 18, k, x, clean.source);
    const std::vector<float> y = multiply(GetParam(), p);
    for (std::size_t i = 0; i < y.size(); ++i) {
      EXPECT_EQ(std::isnan(y[i]), i / 18 == 1) << tensor::name(dtype) << " " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, Matmul, ::testing::ValuesIn(base::all_isas), testing::isa_name);

}  // namespace
}  // namespace espalier::kernels
