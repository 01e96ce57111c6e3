#include "kernels/attention.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "kernels/exp_polynomial.h"
#include "kernels/isa_testing.h"
#include "kernels/ops.h"
#include "tensor/float16.h"

namespace espalier::kernels {
namespace {

constexpr std::size_t P = page_positions;
constexpr double u = 0x1p-24;  // a rounding to f32 is off by at most this share
constexpr float infinity = std::numeric_limits<float>::infinity();

struct Shape {
  KvType type = KvType::f32;
  std::size_t head_size = 64;
  std::size_t positions = 100;
  std::size_t group = 1;
  std::size_t window = 0;
};

std::ostream& operator<<(std::ostream& out, const Shape& s) {
  return out << "type " << static_cast<int>(s.type) << ", K " << s.head_size << ", positions "
             << s.positions << ", group " << s.group << ", window " << s.window;
}

// A sequence's keys, values and queries for one KV head; the cache's bytes; the results.
class Problem {
 public:
  Problem(Shape shape, std::uint32_t seed, std::byte fill = std::byte{0xff})
      : shape_(shape), layout_{shape.type, shape.head_size} {
    std::mt19937 random(seed);
    std::normal_distribution<float> value;
    const auto draw = [&](std::vector<float>& x, std::size_t rows) {
      x.resize(rows * shape.head_size);
      for (float& element : x) element = value(random);
    };
    draw(keys, shape.positions);
    draw(values, shape.positions);
    draw(queries, shape.positions * shape.group);
    scale = 1.0F / std::sqrt(static_cast<float>(shape.head_size));
    const std::size_t pages = (shape.positions + P - 1) / P;
    cache_.resize(pages * layout_.bytes() / sizeof(Line) + pages, Line{});
    std::memset(static_cast<void*>(cache_.data()), static_cast<int>(fill),
                cache_.size() * sizeof(Line));
    for (std::size_t page = 0; page < pages; ++page) {
      regions.push_back(reinterpret_cast<std::byte*>(cache_.data()) + page * layout_.bytes());
    }
    for (std::size_t p = 0; p < shape.positions; ++p) store(p);
  }
  Problem(const Problem&) = delete;
  Problem& operator=(const Problem&) = delete;

  void store(std::size_t p) {
    scalar::kv_store(layout_, const_cast<std::byte*>(regions[p / P]), p % P,
                     keys.data() + p * shape_.head_size, values.data() + p * shape_.head_size);
  }

  // Rows [positions, group, K] of `count` tokens from `first` on, in one call.
  std::vector<float> attend(const Ops& ops, std::size_t first, std::size_t count) const {
    std::vector<float> out = untouched(count);
    ops.attention(call(first, count, out));
    return out;
  }

  // The same, a call for each span that any of the rows sees.
  std::vector<float> attend_span_by_span(const Ops& ops, std::size_t first,
                                         std::size_t count) const {
    std::vector<float> out = untouched(count);
    AttentionArgs args = call(first, count, out);
    const std::size_t seen =
        shape_.window == 0 || shape_.window > first ? 0 : first + 1 - shape_.window;
    const std::size_t begin = seen / attention_span, end = (first + count - 1) / attention_span + 1;
    const std::size_t floats = count * shape_.group * attention_state_floats(shape_.head_size);
    std::vector<float> states((end - begin) * floats);
    for (args.span = begin; args.span < end; ++args.span) {
      args.state = states.data() + (args.span - begin) * floats;
      ops.attention(args);
    }
    ops.attention_merge(args, states.data(), end - begin);
    return out;
  }

  // All tokens, in calls of at most `chunk`.
  std::vector<float> attend_all(const Ops& ops, std::size_t chunk) const {
    std::vector<float> all;
    for (std::size_t t = 0; t < shape_.positions; t += chunk) {
      const auto part = attend(ops, t, std::min(chunk, shape_.positions - t));
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }

  std::size_t largest_chunk() const { return attention_max_rows / shape_.group; }
  const Shape& shape() const { return shape_; }
  const KvHeadLayout& layout() const { return layout_; }

  // What the cache holds for element k of a position.
  double stored_key(std::size_t p, std::size_t k) const {
    return stored(p, layout_.keys(), k * P + p % P, layout_.key_scales());
  }
  double stored_value(std::size_t p, std::size_t k) const {
    return stored(p, layout_.values(), p % P * shape_.head_size + k, layout_.value_scales());
  }

  std::vector<float> keys, values, queries;
  float scale = 1.0F;
  std::vector<const std::byte*> regions;

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };

  std::vector<float> untouched(std::size_t count) const {
    return std::vector<float>(count * shape_.group * shape_.head_size, -12345.0F);
  }

  AttentionArgs call(std::size_t first, std::size_t count, std::vector<float>& out) const {
    const std::size_t width = shape_.group * shape_.head_size;
    return {.layout = layout_,
            .regions = regions.data(),
            .first_position = first,
            .tokens = count,
            .group = shape_.group,
            .window = shape_.window,
            .scale = scale,
            .q = queries.data() + first * width,
            .q_stride = width,
            .out = out.data(),
            .out_stride = width};
  }

  double stored(std::size_t p, std::size_t part, std::size_t i, std::size_t scales) const {
    const std::byte* region = regions[p / P];
    switch (shape_.type) {
      case KvType::f32:
        return reinterpret_cast<const float*>(region + part)[i];
      case KvType::f16:
        return tensor::half_to_float(reinterpret_cast<const std::uint16_t*>(region + part)[i]);
      case KvType::int8:
        return static_cast<double>(static_cast<std::int8_t>(region[part + i])) *
               reinterpret_cast<const float*>(region + scales)[p % P];
    }
    return 0;
  }

  Shape shape_;
  KvHeadLayout layout_;
  std::vector<Line> cache_;
};

// One row in double, and how far f32 may be from it.
struct Exact {
  std::vector<double> out;
  double bound = 0;
};

// The bound. Let S be the largest Σ_k |q_k k_k| · scale, A the largest |v|, n the positions seen.
//   score     K products and sums, q's scale and the key's: off by (K + 3) u S
//   weight    that twice (the largest score is off too), rounding the difference (at most 2 S), the
//             exponential; a fade for each block and two for each span repeat the latter two and
//             round twice
//   result    weights in numerator and denominator, n sums and a few single roundings
Exact exact(const Problem& problem, std::size_t position, std::size_t g) {
  const auto [type, K, positions, group, window] = problem.shape();
  const std::size_t end = position + 1;
  const std::size_t begin = window == 0 || window >= end ? 0 : end - window;
  const float* q = problem.queries.data() + (position * group + g) * K;
  std::vector<double> scores;
  double S = 0, A = 0;
  for (std::size_t p = begin; p < end; ++p) {
    double score = 0, size = 0;
    for (std::size_t k = 0; k < K; ++k) {
      const double term = q[k] * problem.stored_key(p, k) * problem.scale;
      score += term;
      size += std::abs(term);
      A = std::max(A, std::abs(problem.stored_value(p, k)));
    }
    scores.push_back(score);
    S = std::max(S, size);
  }
  const double largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  Exact result{std::vector<double>(K), 0};
  for (std::size_t p = begin; p < end; ++p) {
    const double weight = std::exp(scores[p - begin] - largest);
    sum += weight;
    for (std::size_t k = 0; k < K; ++k) result.out[k] += weight * problem.stored_value(p, k);
  }
  for (double& out : result.out) out /= sum;
  const auto n = static_cast<double>(end - begin);
  const double blocks = static_cast<double>(position / P - begin / P + 1);
  const double spans = static_cast<double>(position / attention_span - begin / attention_span + 1);
  const double weight = 2 * (static_cast<double>(K) + 3) * u * S +
                        (blocks + 2 * spans + 1) * (exp_relative_error + 2 * S * u + 2 * u);
  result.bound = A * (2 * weight + (2 * n + 8) * u);
  return result;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

constexpr KvType all_types[] = {KvType::f32, KvType::f16, KvType::int8};

// Sizes of real models, and two that fill no whole vector.
Shape any_shape() {
  Shape s;
  s.type = *rc::gen::element(KvType::f32, KvType::f16, KvType::int8);
  s.head_size = *rc::gen::element<std::size_t>(16, 32, 64, 80, 96, 128, 256, 40, 6);
  const std::size_t most = *rc::gen::element<std::size_t>(200, 200, 200, 2 * attention_span + 50);
  s.positions = *rc::gen::inRange<std::size_t>(1, s.head_size > 64 ? 100 : most);
  s.group = *rc::gen::inRange<std::size_t>(1, 5);
  s.window = *rc::gen::element<std::size_t>(0, 0, 1, 5, 64, 90);
  return s;
}

class Attention : public testing::EachIsa {
 protected:
  static const Ops& ops() { return ops_for(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Isa, Attention, ::testing::ValuesIn(base::all_isas), testing::isa_name);

TEST_P(Attention, IsWithinTheRoundingBoundOfTheExactResult) {
  EXPECT_TRUE(rc::check([] {
    const Problem problem(any_shape(), *rc::gen::arbitrary<std::uint32_t>());
    const std::size_t K = problem.shape().head_size, group = problem.shape().group;
    const std::size_t count = std::min(problem.largest_chunk(), problem.shape().positions);
    const std::size_t first =
        *rc::gen::inRange<std::size_t>(0, problem.shape().positions - count + 1);
    const std::vector<float> out = problem.attend(ops(), first, count);
    for (std::size_t t : {std::size_t{0}, count / 2, count - 1}) {
      for (std::size_t g = 0; g < group; ++g) {
        const Exact want = exact(problem, first + t, g);
        for (std::size_t k = 0; k < K; ++k) {
          const double error = std::abs(out[(t * group + g) * K + k] - want.out[k]);
          RC_ASSERT(error <= want.bound);
        }
      }
    }
  }));
}

TEST_P(Attention, EveryIsaAgreesWithScalar) {
  // Same order of accumulation, so only fused roundings differ: of the order of u, with the few
  // sums of a row averaging out. A wrong weight or a wrong position is off by 1 / positions.
  for (KvType type : all_types) {
    for (std::size_t K : {6, 16, 64, 80, 128}) {
      const Problem problem({type, K, 150, 3, 0}, 7);
      const auto want = problem.attend_all(ops_for(base::Isa::scalar), 21);
      const auto got = problem.attend_all(ops(), 21);
      for (std::size_t i = 0; i < want.size(); ++i) {
        ASSERT_NEAR(got[i], want[i], 64 * u) << problem.shape() << " at " << i;
      }
    }
  }
}

TEST_P(Attention, RowDoesNotDependOnChunking) {
  EXPECT_TRUE(rc::check([] {
    const Problem problem(any_shape(), *rc::gen::arbitrary<std::uint32_t>());
    const auto whole = problem.attend_all(ops(), problem.largest_chunk());
    RC_ASSERT(same_bits(whole, problem.attend_all(ops(), 1)));
    std::vector<float> pieces;
    for (std::size_t t = 0; t < problem.shape().positions;) {
      const std::size_t left = problem.shape().positions - t;
      const std::size_t count =
          *rc::gen::inRange<std::size_t>(1, std::min(left, problem.largest_chunk()) + 1);
      const auto part = problem.attend(ops(), t, count);
      pieces.insert(pieces.end(), part.begin(), part.end());
      t += count;
    }
    RC_ASSERT(same_bits(whole, pieces));
  }));
}

TEST_P(Attention, SpansComputedApartAreTheSameOncePutTogether) {
  EXPECT_TRUE(rc::check([] {
    Shape shape = any_shape();
    shape.positions = *rc::gen::inRange<std::size_t>(1, 3 * attention_span);
    shape.window = *rc::gen::element<std::size_t>(0, 0, 5, 64, attention_span, 300);
    const Problem problem(shape, *rc::gen::arbitrary<std::uint32_t>());
    const std::size_t count = std::min(problem.largest_chunk(), shape.positions);
    const std::size_t first = *rc::gen::inRange<std::size_t>(0, shape.positions - count + 1);
    RC_ASSERT(same_bits(problem.attend(ops(), first, count),
                        problem.attend_span_by_span(ops(), first, count)));
  }));
}

TEST_P(Attention, RowDoesNotDependOnItsGroup) {
  for (KvType type : all_types) {
    const Problem problem({type, 64, 130, 4, 70}, 11);
    const auto together = problem.attend_all(ops(), 16);
    std::vector<float> alone(together.size());
    for (std::size_t g = 0; g < 4; ++g) {
      ops().attention({.layout = problem.layout(),
                       .regions = problem.regions.data(),
                       .first_position = 100,
                       .tokens = 30,
                       .group = 1,
                       .window = 70,
                       .scale = problem.scale,
                       .q = problem.queries.data() + 100 * 256 + g * 64,
                       .q_stride = 256,
                       .out = alone.data() + 100 * 256 + g * 64,
                       .out_stride = 256});
    }
    EXPECT_EQ(std::memcmp(together.data() + 100 * 256, alone.data() + 100 * 256, 30 * 256 * 4), 0);
  }
}

TEST_P(Attention, MaskedBytesContributeNothing) {
  for (KvType type : all_types) {
    for (std::size_t window : {0, 20}) {
      const Shape shape{type, 32, 110, 2, window};
      const Problem nans(shape, 3, std::byte{0xff}), zeros(shape, 3, std::byte{0});
      const Problem huge(shape, 3, std::byte{0x7b});
      const auto want = zeros.attend_all(ops(), 32);
      for (float value : want) ASSERT_TRUE(std::isfinite(value)) << shape;
      EXPECT_TRUE(same_bits(want, nans.attend_all(ops(), 32))) << shape;
      EXPECT_TRUE(same_bits(want, huge.attend_all(ops(), 32))) << shape;
    }
  }
}

TEST_P(Attention, LaterPositionsOfTheSameCallContributeNothing) {
  for (KvType type : {KvType::f32, KvType::f16}) {
    for (float poison : {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity}) {
      Problem problem({type, 48, 80, 3, 0}, 5);
      const auto want = problem.attend(ops(), 60, 20);
      for (std::size_t p : {std::size_t{70}, std::size_t{79}}) {
        std::fill_n(problem.keys.begin() + static_cast<std::ptrdiff_t>(p * 48), 48, poison);
        std::fill_n(problem.values.begin() + static_cast<std::ptrdiff_t>(p * 48), 48, poison);
        problem.store(p);
      }
      const auto got = problem.attend(ops(), 60, 20);
      EXPECT_EQ(std::memcmp(want.data(), got.data(), 10 * 3 * 48 * sizeof(float)), 0) << poison;
      EXPECT_TRUE(std::isnan(got.back()));
    }
  }
}

TEST_P(Attention, PositionsBelowTheWindowContributeNothing) {
  for (KvType type : {KvType::f32, KvType::f16}) {
    Problem problem({type, 16, 200, 2, 30}, 5);
    const auto want = problem.attend(ops(), 180, 20);
    // The rows see 151 … 199, each at most 30 of them.
    for (std::size_t p : {std::size_t{130}, std::size_t{150}}) {
      std::fill_n(problem.keys.begin() + static_cast<std::ptrdiff_t>(p * 16), 16, infinity);
      std::fill_n(problem.values.begin() + static_cast<std::ptrdiff_t>(p * 16), 16, infinity);
      problem.store(p);
    }
    EXPECT_TRUE(same_bits(want, problem.attend(ops(), 180, 20)));
    // 155 is in sight of the rows up to 184 alone.
    std::fill_n(problem.values.begin() + 155 * 16, 16, infinity);
    problem.store(155);
    const auto got = problem.attend(ops(), 180, 20);
    EXPECT_EQ(got[4 * 32], infinity);
    EXPECT_EQ(std::memcmp(want.data() + 5 * 32, got.data() + 5 * 32, 15 * 32 * sizeof(float)), 0);
  }
}

TEST_P(Attention, PagesBelowTheWindowAreNotRead) {
  Problem problem({KvType::f16, 32, 200, 2, 64}, 9);
  const auto want = problem.attend(ops(), 192, 8);
  problem.regions[0] = problem.regions[1] = nullptr;
  EXPECT_TRUE(same_bits(want, problem.attend(ops(), 192, 8)));
}

TEST_P(Attention, AWindowOfOneReturnsTheValueItself) {
  for (KvType type : all_types) {
    const Problem problem({type, 80, 70, 1, 1}, 13);
    const auto out = problem.attend_all(ops(), 64);
    for (std::size_t p = 0; p < 70; ++p) {
      for (std::size_t k = 0; k < 80; ++k) {
        ASSERT_EQ(out[p * 80 + k], static_cast<float>(problem.stored_value(p, k)));
      }
    }
  }
}

TEST_P(Attention, NegativeZeroBecomesZero) {
  Problem problem({KvType::f32, 32, 10, 1, 0}, 1);
  std::fill(problem.values.begin(), problem.values.end(), -0.0F);
  for (std::size_t p = 0; p < 10; ++p) problem.store(p);
  for (float value : problem.attend_all(ops(), 10)) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(value), 0U);
  }
}

TEST_P(Attention, OneHugeScoreTakesAll) {
  Problem problem({KvType::f32, 16, 130, 1, 0}, 2);
  for (std::size_t k = 0; k < 16; ++k) {
    problem.keys[70 * 16 + k] = std::copysign(1e30F, problem.queries[129 * 16 + k]);
  }
  problem.store(70);
  const auto out = problem.attend(ops(), 129, 1);
  for (std::size_t k = 0; k < 16; ++k) EXPECT_EQ(out[k], problem.values[70 * 16 + k]);
}

TEST_P(Attention, ABlockOfMinusInfiniteScoresContributesNothing) {
  // The first block's scores overflow downward; what remains is attention over the second.
  Problem problem({KvType::f32, 16, 128, 1, 0}, 2), window({KvType::f32, 16, 128, 1, 64}, 2);
  std::fill_n(problem.queries.begin() + 127 * 16, 16, 1.5F);
  std::fill_n(window.queries.begin() + 127 * 16, 16, 1.5F);
  std::fill_n(problem.keys.begin(), 64 * 16, std::numeric_limits<float>::lowest());
  for (std::size_t p = 0; p < 64; ++p) problem.store(p);
  EXPECT_TRUE(same_bits(problem.attend(ops(), 127, 1), window.attend(ops(), 127, 1)));
}

TEST_P(Attention, NarrowTypesStayWithinTheirQuantisationBound) {
  // With every score off by at most d, a softmax weight is off by a factor of at most exp(2 d).
  for (KvType type : {KvType::f16, KvType::int8}) {
    const Shape shape{type, 64, 120, 1, 0};
    Shape wide = shape;
    wide.type = KvType::f32;
    const Problem narrow(shape, 21), reference(wide, 21);
    const auto out = narrow.attend_all(ops(), 64);
    for (std::size_t t : {std::size_t{0}, std::size_t{63}, std::size_t{119}}) {
      const Exact want = exact(reference, t, 0);
      double d = 0, value_error = 0, A = 0;
      for (std::size_t p = 0; p <= t; ++p) {
        double score_error = 0;
        for (std::size_t k = 0; k < 64; ++k) {
          const std::size_t i = p * 64 + k;
          score_error += std::abs(narrow.queries[t * 64 + k] * narrow.scale *
                                  (narrow.stored_key(p, k) - narrow.keys[i]));
          value_error =
              std::max(value_error, std::abs(narrow.stored_value(p, k) - narrow.values[i]));
          A = std::max(A, std::abs(static_cast<double>(narrow.values[i])));
        }
        d = std::max(d, score_error);
      }
      const double bound = A * std::expm1(2 * d) + value_error + 2 * want.bound;
      EXPECT_LT(bound, type == KvType::f16 ? 0.02 : 0.5);  // the bound says something
      for (std::size_t k = 0; k < 64; ++k) {
        ASSERT_NEAR(out[t * 64 + k], want.out[k], bound) << shape;
      }
    }
  }
}

TEST_P(Attention, WritesItsRowsAndNothingElse) {
  for (std::size_t K : {6, 16, 40, 64}) {
    const Problem problem({KvType::f16, K, 9, 2, 0}, 4);
    const auto want = problem.attend_all(ops(), 9);
    const std::size_t stride = 2 * K + 5;
    std::vector<float> out(9 * stride, -12345.0F);
    ops().attention({.layout = problem.layout(),
                     .regions = problem.regions.data(),
                     .first_position = 0,
                     .tokens = 9,
                     .group = 2,
                     .window = 0,
                     .scale = problem.scale,
                     .q = problem.queries.data(),
                     .q_stride = 2 * K,
                     .out = out.data(),
                     .out_stride = stride});
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::size_t t = i / stride, column = i % stride;
      ASSERT_EQ(out[i], column < 2 * K ? want[t * 2 * K + column] : -12345.0F) << K;
    }
  }
}

TEST_P(Attention, NoTokensWriteNothing) {
  const Problem problem({KvType::f32, 16, 1, 1, 0}, 4);
  EXPECT_TRUE(problem.attend(ops(), 0, 0).empty());
}

}  // namespace
}  // namespace espalier::kernels
