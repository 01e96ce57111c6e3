// Low-bit matmul with AVX2: one register is 8 rows × 4 codes, so a group of 16 rows is two halves.
//
// vpmaddubsw multiplies unsigned × signed bytes and adds neighbours into int16. Columns that share
// a scale of x stand in pairs (quantised_rows.h), so an int16 lane gathers the 16 products of one
// scale, and one vpmaddwd with the block's two steps makes an int32 dot product of both. Nothing
// may saturate on the way, and the sums must fit. With |x| ≤ 127:
//
//   bits  code   vpmaddubsw          lane of a sum, less offset · Σx
//   8     nibble 2·15·127 = 3,810    16 · 15 · 127 = 30,480; upper nibbles, offset 8: 16,256
//   6     0…63   2·63·127 = 16,002   |code − 32| ≤ 32, half a block: 8 · 32 · 127 = 32,512
//   5     0…31   2·31·127 = 7,874    |code − 16| ≤ 16: 16 · 16 · 127 = 32,512
//   4     0…15   2·15·127 = 3,810    16 · 15 · 127 = 30,480
//   3, 2  0…7    2·7·127 = 1,778     16 · 7 · 127 = 14,224
//
// All fit int16. Sums of 5 and 6 bits may wrap around on their way, which loses nothing: the
// offset's share is taken out and arithmetic modulo 2^16 gets to the right end. A step is at most
// 16,514 (quantised_rows.h), so a dot product is at most 2 · 32,512 · 16,514 < 2^31.
//
// Pointers and plain structs only in this file: isa_functions.h says why.
#include <immintrin.h>

#include <bit>
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

// log2 of what is taken from codes in int16 lanes: of 8 bits, from the upper nibbles. Codes of 5
// bits need it to fit even where the dtype has no offset, and their minima make up for it.
template <DType Type>
constexpr int offset_shift =
    format_of<Type>.bits == 8     ? 3
    : format_of<Type>.bits == 5   ? 4
    : format_of<Type>.offset == 0 ? -1
                                  : std::countr_zero(static_cast<unsigned>(format_of<Type>.offset));
template <DType Type>
constexpr bool minima_make_up = format_of<Type>.has_minima && offset_shift<Type> >= 0;

constexpr std::size_t block_lane_sums = 2 * matmul_halves;

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

// a + b, where it stands: left alone, GCC 12 collects all products of a block before it adds them
// up, and spills them. The empty statement costs nothing.
inline __m256i add_in_order(__m256i a, __m256i b) noexcept {
  __m256i sum = _mm256_add_epi16(a, b);
  asm("" : "+x"(sum));
  return sum;
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

  const std::size_t token_bytes = m.blocks * matmul_block;
  const std::int8_t* x = m.codes + token * token_bytes;
  const std::int32_t* x_steps = m.steps + token * m.blocks;
  const float* x_sums = m.sums + token * m.blocks;
  const std::int16_t* x_lane_sums = m.lane_sums + token * m.blocks * block_lane_sums;
  const std::byte* block = group + first_row * sizeof(std::uint32_t);
  const std::byte* next = group + m.group_bytes;
  const bool from_memory = Tokens == 1 || token == 0;  // later tiles find the weights in the cache

  for (std::size_t b = 0; b < m.blocks; ++b) {
    if (from_memory) {
#pragma GCC unroll 8
      for (std::size_t v = 0; v < format.bits; ++v) {
        prefetch(next + (b * format.bits + v) * vector_bytes);
      }
      constexpr std::size_t scales_bytes =
          runs<Type> * (format.block_scales ? matmul_group_rows : halves_bytes);
      prefetch(next + m.scales_offset + b * scales_bytes);
      if constexpr (format.has_minima) prefetch(next + m.minima_offset + b * scales_bytes);
    }

    __m256i dots[tiles][planes<Type>];
    const auto lane_sums = [&](std::size_t t, std::size_t half) __attribute__((always_inline)) {
      int two = 0;
      std::memcpy(&two, x_lane_sums + (t * m.blocks + b) * block_lane_sums + half * 2, sizeof two);
      return _mm256_set1_epi32(two);
    };
    const auto add_products = [&]<std::size_t H, std::size_t J>() __attribute__((always_inline)) {
      constexpr bool first = J == 0 && (H == 0 || runs<Type> == 2);
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
        __m256i start{};
        if constexpr (first && offset_shift<Type> >= 0) {
          start = lane_sums(t, H);
          if constexpr (runs<Type> == 1) start = _mm256_add_epi16(start, lane_sums(t, 1));
          start = _mm256_slli_epi16(start, offset_shift<Type>);
        }
#pragma GCC unroll 2
        for (std::size_t h = 0; h < Halves; ++h) {
#pragma GCC unroll 2
          for (std::size_t plane = 0; plane < planes<Type>; ++plane) {
            __m256i& dot = dots[t * Halves + h][plane];
            const __m256i products = _mm256_maddubs_epi16(codes[h][plane], x_codes);
            if constexpr (!first) {
              dot = add_in_order(dot, products);
            } else if (offset_shift<Type> >= 0 && plane + 1 == planes<Type>) {
              dot = _mm256_sub_epi16(products, start);
            } else {
              dot = products;
            }
          }
        }
      }
    };
    // What a run of columns that share a scale of w, or the block, adds to the sums.
    const auto finish = [&](std::size_t run) __attribute__((always_inline)) {
      __m256 scale[Halves];
      __m256 minimum[Halves];
#pragma GCC unroll 2
      for (std::size_t h = 0; h < Halves; ++h) {
        const Scales scales = load_scales<Type>(m, group, b, run, first_row + h * lanes);
        scale[h] = scales.scale;
        minimum[h] = scales.minimum;
        if constexpr (minima_make_up<Type>) {
          const __m256 offset = _mm256_set1_ps(1 << offset_shift<Type>);
          minimum[h] = format.block_scales ? _mm256_fnmadd_ps(offset, scale[h], minimum[h])
                                           : _mm256_fmadd_ps(offset, scale[h], minimum[h]);
        }
      }
#pragma GCC unroll 8
      for (std::size_t t = 0; t < Tokens; ++t) {
        const __m256i steps = _mm256_set1_epi32(x_steps[t * m.blocks + b]);
#pragma GCC unroll 2
        for (std::size_t h = 0; h < Halves; ++h) {
          __m256& sum = sums[t * Halves + h];
          const __m256i* dot = dots[t * Halves + h];
          sum =
              _mm256_fmadd_ps(scale[h], _mm256_cvtepi32_ps(_mm256_madd_epi16(dot[0], steps)), sum);
          if constexpr (planes<Type> == 2) {
            sum = _mm256_fmadd_ps(_mm256_mul_ps(scale[h], _mm256_set1_ps(16.0F)),
                                  _mm256_cvtepi32_ps(_mm256_madd_epi16(dot[1], steps)), sum);
          }
          if constexpr (format.has_minima) {
            const __m256 x_sum =
                runs<Type> == 1 ? _mm256_set1_ps(x_sums[t * m.blocks + b])
                                : _mm256_cvtepi32_ps(_mm256_madd_epi16(lane_sums(t, run), steps));
            sum = format.block_scales ? _mm256_fnmadd_ps(minimum[h], x_sum, sum)
                                      : _mm256_fmadd_ps(minimum[h], x_sum, sum);
          }
        }
      }
    };

    add_products.template operator()<0, 0>();
    add_products.template operator()<0, 1>();
    add_products.template operator()<0, 2>();
    add_products.template operator()<0, 3>();
    if constexpr (runs<Type> == 2) finish(0);
    // GCC would rather keep vectors that hold codes of both halves than load them again, and spill.
    asm("" : "+r"(block));
    add_products.template operator()<1, 0>();
    add_products.template operator()<1, 1>();
    add_products.template operator()<1, 2>();
    add_products.template operator()<1, 3>();
    finish(runs<Type> - 1);
    x += matmul_block;
    block += format.bits * vector_bytes;
  }
#pragma GCC unroll 2
  for (std::size_t h = 0; h < Halves; ++h) {
    if (rows <= h * lanes) break;
    const __m256i mask = first_lanes(rows - h * lanes);
#pragma GCC unroll 8
    for (std::size_t t = 0; t < Tokens; ++t) {
      const __m256 unit = _mm256_set1_ps(m.units[token + t]);
      _mm256_maskstore_ps(y + t * m.y_stride + h * lanes, mask,
                          _mm256_mul_ps(unit, sums[t * Halves + h]));
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
