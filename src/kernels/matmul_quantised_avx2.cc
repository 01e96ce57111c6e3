// Low-bit matmul with AVX2: one register is 8 rows × 4 codes, so a group of 16 rows is two halves.
//
// vpmaddubsw multiplies unsigned × signed bytes and adds neighbours into int16, so it must not
// saturate, and the 16 columns that share a scale of x are summed in int16 and widened once, so the
// sum must fit. With |x| ≤ 127, a lane gathers half of the 16 products:
//
//   bits  code   vpmaddubsw          lane of a sum, less offset · Σx
//   8     nibble 2·15·127 = 3,810    8 · 15 · 127 = 15,240 for each plane
//   6     0…63   2·63·127 = 16,002   |code − 32| ≤ 32: 8 · 32 · 127 = 32,512
//   5     0…31   2·31·127 = 7,874    8 · 31 · 127 = 31,496, with and without offset 16
//   4     0…15   2·15·127 = 3,810    8 · 15 · 127 = 15,240, with and without offset 8
//   3, 2  0…7    2·7·127 = 1,778     8 · 7 · 127 = 7,112
//
// All fit int16. Sums of 6-bit codes may wrap around on their way, which loses nothing: they start
// at −offset · (the lane's share of Σx) and arithmetic modulo 2^16 gets to the right end. Q8_0's
// codes are 16 · high + low − 128, the 128 · Σx taken out in int32. Those stay below 2^20.
//
// Pointers and plain structs only in this file: isa_functions.h says why.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/matmul_args.h"
#include "kernels/matmul_codes_avx2.h"
#include "kernels/matmul_passes.h"

namespace espalier::kernels::avx2 {
namespace {

// Integer accumulators of a tile in the innermost loop are 8 to 10 of the 16 registers; the rest
// holds weights, codes and constants, and the float sums live in memory. Where nibbles are one
// plane, a tile is a whole group × 4 tokens: a token's codes, broadcast from memory, serve both
// halves. That is worth more than unpacking once for 8 tokens. Two planes take half a group × 5
// tokens.
template <DType Type>
constexpr std::size_t tile_tokens = planes<Type> == 2 ? 5 : 4;
// Up to this many tokens a tile is a whole group.
template <DType Type>
constexpr std::size_t whole_group_tokens = planes<Type> == 2 ? 2 : 4;

// Taken from codes in int16 lanes, or else in int32.
template <DType Type>
constexpr int lane_offset = format_of<Type>.bits == 8 ? 0 : format_of<Type>.offset;
template <DType Type>
constexpr int offset_left = format_of<Type>.offset - lane_offset<Type>;

inline __m256i broadcast_4_codes(const std::int8_t* at) noexcept {
  int four = 0;
  std::memcpy(&four, at, sizeof four);
  return _mm256_set1_epi32(four);
}

// All ones in the first `count` lanes.
inline __m256i first_lanes(std::size_t count) noexcept {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count < lanes ? count : lanes)),
                            lane);
}

// Starts the way of a cache line, of the next group, into the second-level cache: from there the
// processor's own prefetching is quick, and many more lines can be on their way to it than to the
// first level. Always inline: GCC drops calls of functions that only prefetch.
[[gnu::always_inline]] inline void prefetch(const std::byte* at) noexcept {
  _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T1);
}

// What 4 consecutive blocks of a token need besides codes and scales, worked out for their 8 halves
// at a time.
struct Corrections {
  alignas(32) std::int32_t starts[lanes];   // −lane_offset · lane sums, two int16
  alignas(32) std::int32_t offsets[lanes];  // −offset_left · Σx
  // Σx · scale; where both halves of a block share a minimum, their sum, twice.
  alignas(32) float scaled_sums[lanes];
};

template <DType Type>
inline void fill(Corrections& corrections, const QuantisedMatmul& m, std::size_t token,
                 std::size_t block) noexcept {
  const std::size_t at = (token * m.blocks + block) * matmul_halves;
  const __m256i mask = first_lanes((m.blocks - block) * matmul_halves);
  // Two int16 for each half of a block.
  const __m256i lane_sums =
      _mm256_maskload_epi32(reinterpret_cast<const int*>(m.lane_sums + 2 * at), mask);
  if constexpr (lane_offset<Type> > 0) {
    const __m256i starts = _mm256_mullo_epi16(lane_sums, _mm256_set1_epi16(-lane_offset<Type>));
    _mm256_store_si256(reinterpret_cast<__m256i*>(corrections.starts), starts);
  }
  const __m256i sums = _mm256_madd_epi16(lane_sums, _mm256_set1_epi16(1));
  if constexpr (offset_left<Type> != 0) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(corrections.offsets),
                       _mm256_mullo_epi32(sums, _mm256_set1_epi32(-offset_left<Type>)));
  }
  if constexpr (format_of<Type>.has_minima) {
    const __m256 scales = _mm256_maskload_ps(m.scales + at, mask);
    __m256 scaled = _mm256_mul_ps(scales, _mm256_cvtepi32_ps(sums));
    if constexpr (runs<Type> == 1) {
      scaled = _mm256_add_ps(scaled, _mm256_permute_ps(scaled, _MM_SHUFFLE(2, 3, 0, 1)));
    }
    _mm256_store_ps(corrections.scaled_sums, scaled);
  }
}

// a + b, where it stands: left alone, GCC 12 collects all products of a block before it adds them
// up, and spills them. The empty statement costs nothing.
inline __m256i add_in_order(__m256i a, __m256i b) noexcept {
  __m256i sum = _mm256_add_epi16(a, b);
  asm("" : "+x"(sum));
  return sum;
}

// Int16 sums, one for each plane, to a dot product.
template <DType Type>
inline __m256i widen(const __m256i* sums) noexcept {
  const __m256i low = _mm256_madd_epi16(sums[0], _mm256_set1_epi16(1));
  if constexpr (planes<Type> == 1) return low;
  return _mm256_add_epi32(low, _mm256_madd_epi16(sums[1], _mm256_set1_epi16(16)));
}

// 8 · Halves rows × Tokens tokens, of which `rows` rows are written; the first of them is row
// `first_row` of the group.
template <DType Type, std::size_t Tokens, std::size_t Halves>
void multiply_tile(const QuantisedMatmul& m, const std::byte* group, std::size_t first_row,
                   std::size_t token, float* y, std::size_t rows) noexcept {
  constexpr QuantFormat format = format_of<Type>;
  constexpr std::size_t tiles = Tokens * Halves;  // index t * Halves + h
  __m256 sums[tiles];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < tiles; ++i) sums[i] = _mm256_setzero_ps();

  Corrections corrections[Tokens];
  const std::size_t token_bytes = m.blocks * matmul_block;
  const std::int8_t* x = m.codes + token * token_bytes;
  const float* x_scales = m.scales + token * m.blocks * matmul_halves;
  const std::byte* block = group + first_row * sizeof(std::uint32_t);
  const std::byte* next = group + m.group_bytes;

  for (std::size_t b = 0; b < m.blocks; ++b) {
    if (b % (lanes / matmul_halves) == 0) {
      for (std::size_t t = 0; t < Tokens; ++t) fill<Type>(corrections[t], m, token + t, b);
    }
#pragma GCC unroll 8
    for (std::size_t v = 0; v < format.bits; ++v) {
      prefetch(next + (b * format.bits + v) * vector_bytes);
    }
    constexpr std::size_t scales_bytes =
        runs<Type> * (format.block_scales ? matmul_group_rows : halves_bytes);
    prefetch(next + m.scales_offset + b * scales_bytes);
    if constexpr (format.has_minima) prefetch(next + m.minima_offset + b * scales_bytes);

    __m256i dots[tiles][planes<Type>];
    const auto start = [&](std::size_t half_of_block) __attribute__((always_inline)) {
      const std::size_t half = (b * matmul_halves + half_of_block) % lanes;
#pragma GCC unroll 8
      for (std::size_t i = 0; i < tiles; ++i) {
#pragma GCC unroll 2
        for (std::size_t plane = 0; plane < planes<Type>; ++plane) {
          dots[i][plane] = lane_offset<Type> > 0
                               ? _mm256_set1_epi32(corrections[i / Halves].starts[half])
                               : _mm256_setzero_si256();
        }
      }
    };
    const auto add_products = [&]<std::size_t H, std::size_t J>() __attribute__((always_inline)) {
      __m256i codes[Halves][planes<Type>];
#pragma GCC unroll 2
      for (std::size_t h = 0; h < Halves; ++h) {
        const std::byte* at = block + h * half_vector_bytes;
        codes[h][0] = load_codes<Type, H, J, 0>(at);
        if constexpr (planes<Type> == 2) codes[h][1] = load_codes<Type, H, J, 1>(at);
      }
#pragma GCC unroll 8
      for (std::size_t t = 0; t < Tokens; ++t) {
        const __m256i x_codes = broadcast_4_codes(x + t * token_bytes + 16 * H + 4 * J);
#pragma GCC unroll 2
        for (std::size_t h = 0; h < Halves; ++h) {
#pragma GCC unroll 2
          for (std::size_t plane = 0; plane < planes<Type>; ++plane) {
            __m256i& dot = dots[t * Halves + h][plane];
            dot = add_in_order(dot, _mm256_maddubs_epi16(codes[h][plane], x_codes));
          }
        }
      }
    };
    const auto finish = [&](std::size_t half_of_block) __attribute__((always_inline)) {
      const std::size_t half = b * matmul_halves + half_of_block;
#pragma GCC unroll 2
      for (std::size_t h = 0; h < Halves; ++h) {
        const std::size_t run = runs<Type> == 1 ? 0 : half_of_block;
        const Scales scales = load_scales<Type>(m, group, b, run, first_row + h * lanes);
#pragma GCC unroll 8
        for (std::size_t t = 0; t < Tokens; ++t) {
          const std::size_t i = t * Halves + h;
          __m256i dot = widen<Type>(dots[i]);
          if constexpr (offset_left<Type> != 0) {
            dot = _mm256_add_epi32(dot, _mm256_set1_epi32(corrections[t].offsets[half % lanes]));
          }
          const float x_scale = x_scales[t * m.blocks * matmul_halves + half];
          const __m256 scale = _mm256_mul_ps(scales.scale, _mm256_set1_ps(x_scale));
          sums[i] = _mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(dot), sums[i]);
          if (format.has_minima && (runs<Type> == 2 || half_of_block == 1)) {
            const __m256 scaled_sum = _mm256_set1_ps(corrections[t].scaled_sums[half % lanes]);
            sums[i] = format.block_scales ? _mm256_fnmadd_ps(scales.minimum, scaled_sum, sums[i])
                                          : _mm256_fmadd_ps(scales.minimum, scaled_sum, sums[i]);
          }
        }
      }
    };

    start(0);
    add_products.template operator()<0, 0>();
    add_products.template operator()<0, 1>();
    add_products.template operator()<0, 2>();
    add_products.template operator()<0, 3>();
    finish(0);
    // GCC would rather keep vectors that hold codes of both halves than load them again, and spill.
    asm("" : "+r"(block));
    start(1);
    add_products.template operator()<1, 0>();
    add_products.template operator()<1, 1>();
    add_products.template operator()<1, 2>();
    add_products.template operator()<1, 3>();
    finish(1);
    x += matmul_block;
    block += format.bits * vector_bytes;
  }
#pragma GCC unroll 2
  for (std::size_t h = 0; h < Halves; ++h) {
    if (rows <= h * lanes) break;
    const __m256i mask = first_lanes(rows - h * lanes);
#pragma GCC unroll 8
    for (std::size_t t = 0; t < Tokens; ++t) {
      _mm256_maskstore_ps(y + t * m.y_stride + h * lanes, mask, sums[t * Halves + h]);
    }
  }
}

// A whole group × Tokens tokens, in one pass that reads memory once in order, or one half after the
// other, the second from the first-level cache.
template <DType Type, std::size_t Tokens>
void multiply_group(const QuantisedMatmul& m, const std::byte* group, std::size_t token, float* y,
                    std::size_t rows) noexcept {
  if constexpr (Tokens <= whole_group_tokens<Type>) {
    multiply_tile<Type, Tokens, 2>(m, group, 0, token, y, rows);
  } else {
    multiply_tile<Type, Tokens, 1>(m, group, 0, token, y, rows);
    if (rows > lanes) {
      multiply_tile<Type, Tokens, 1>(m, group, lanes, token, y + lanes, rows - lanes);
    }
  }
}

using Multiply = void(const QuantisedMatmul&, const std::byte*, std::size_t, float*,
                      std::size_t) noexcept;

// The function for `Tokens`; tiles that the dtype does not use are not compiled.
template <DType Type, std::size_t Tokens>
constexpr Multiply* capped_group =
    multiply_group<Type, (Tokens < tile_tokens<Type> ? Tokens : tile_tokens<Type>)>;

template <DType Type>
void multiply_groups(const QuantisedMatmul& m) noexcept {
  constexpr Multiply* by_tokens[] = {capped_group<Type, 1>, capped_group<Type, 2>,
                                     capped_group<Type, 3>, capped_group<Type, 4>,
                                     capped_group<Type, 5>};
  for_each_tile(
      m, tile_tokens<Type>,
      [&](const std::byte* group, std::size_t row, std::size_t token, std::size_t count) noexcept {
        by_tokens[count - 1](m, group, token, m.y + token * m.y_stride + row, m.rows - row);
      });
}

}  // namespace

void multiply(const QuantisedMatmul& m) noexcept {
  switch (m.dtype) {
    case DType::q8_0:
      return multiply_groups<DType::q8_0>(m);
    case DType::q4_0:
      return multiply_groups<DType::q4_0>(m);
    case DType::q4_1:
      return multiply_groups<DType::q4_1>(m);
    case DType::q5_0:
      return multiply_groups<DType::q5_0>(m);
    case DType::q5_1:
      return multiply_groups<DType::q5_1>(m);
    case DType::q2_k:
      return multiply_groups<DType::q2_k>(m);
    case DType::q3_k:
      return multiply_groups<DType::q3_k>(m);
    case DType::q4_k:
      return multiply_groups<DType::q4_k>(m);
    case DType::q5_k:
      return multiply_groups<DType::q5_k>(m);
    case DType::q6_k:
      return multiply_groups<DType::q6_k>(m);
    case DType::f32:
    case DType::f16:
    case DType::bf16:
      return;
  }
}

}  // namespace espalier::kernels::avx2
