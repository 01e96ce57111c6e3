// Low-bit matmul with AVX2: one register is 8 rows × 4 codes, so a group of 16 rows is two halves.
//
// vpmaddubsw multiplies unsigned × signed bytes and adds neighbours into int16, where it would
// saturate, so codes are taken apart into unsigned nibbles: 4-bit codes are two planes of them (k
// below and from 16 on), a signed 8-bit code is 16 · high + low − 128. A product of nibbles is at
// most 15·127·2 = 3,810; a block adds 8 of them a plane of 8-bit codes, or 8 in both planes of
// 4-bit ones: 30,480 fits int16, so a block is summed in int16 and widened once. What offsets (8
// for Q4_0, 128 for Q8_0) add to a block's dot product is offset · Σx, taken out in integers.
//
// Pointers and plain structs only in this file: isa_functions.h says why.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/matmul_args.h"
#include "kernels/matmul_passes.h"

namespace espalier::kernels::avx2 {
namespace {

using tensor::DType;

// An accumulator for each plane of a token in the innermost loop, 10 of the 16 registers; the rest
// holds weights, codes and constants. More tokens share the unpacking than with all sums in
// registers, too.
constexpr std::size_t tile_tokens = 5;

constexpr std::size_t vector_bytes = 32;
constexpr std::size_t lanes = 8;

template <DType Type>
constexpr bool is_4_bit = Type != DType::q8_0;
template <DType Type>
constexpr std::size_t vectors = is_4_bit<Type> ? 4 : 8;  // 64-byte vectors of a packed block
template <DType Type>
constexpr bool has_minima = Type == DType::q4_1;
// Planes of nibbles that count differently and are summed apart.
template <DType Type>
constexpr std::size_t planes = is_4_bit<Type> ? 1 : 2;

inline __m256i broadcast_4_codes(const std::int8_t* at) noexcept {
  int four = 0;
  std::memcpy(&four, at, sizeof four);
  return _mm256_set1_epi32(four);
}

inline __m256 load_halves(const std::byte* at) noexcept {
  return _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(at)));
}

// All ones in the first `count` lanes.
inline __m256i first_lanes(std::size_t count) noexcept {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count < lanes ? count : lanes)),
                            lane);
}

// Starts the way of a cache line, of the next group, into the second-level cache: from there the
// processor's own prefetching is quick, and many more lines can be on their way to it than to the
// first level.
inline void prefetch(const std::byte* at) noexcept {
  _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T1);
}

// What 8 consecutive blocks of a token need besides codes and scales, worked out 8 at a time:
// −offset · Σx, or Σx · scale where the dtype has minima.
struct Corrections {
  alignas(32) std::int32_t offsets[lanes];
  alignas(32) float scaled_sums[lanes];
};

template <DType Type>
inline void fill(Corrections& corrections, const QuantisedMatmul& m, std::size_t token,
                 std::size_t block) noexcept {
  const __m256i mask = first_lanes(m.blocks - block);
  const std::size_t at = token * m.blocks + block;
  const __m256i sums = _mm256_maskload_epi32(m.sums + at, mask);
  if constexpr (has_minima<Type>) {
    const __m256 scales = _mm256_maskload_ps(m.scales + at, mask);
    _mm256_store_ps(corrections.scaled_sums, _mm256_mul_ps(scales, _mm256_cvtepi32_ps(sums)));
  } else {
    constexpr int log2_offset = is_4_bit<Type> ? 3 : 7;
    const __m256i negative = _mm256_sub_epi32(_mm256_setzero_si256(), sums);
    _mm256_store_si256(reinterpret_cast<__m256i*>(corrections.offsets),
                       _mm256_slli_epi32(negative, log2_offset));
  }
}

// a + b, where it stands: left alone, GCC 12 collects all products of a block before it adds them
// up, and spills them. The empty statement costs nothing.
inline __m256i add_in_order(__m256i a, __m256i b) noexcept {
  __m256i sum = _mm256_add_epi16(a, b);
  asm("" : "+x"(sum));
  return sum;
}

// A block's int16 sums, one for each plane, to its dot product.
template <DType Type>
inline __m256i widen(const __m256i* sums) noexcept {
  const __m256i low = _mm256_madd_epi16(sums[0], _mm256_set1_epi16(1));
  if constexpr (planes<Type> == 1) return low;
  return _mm256_add_epi32(low, _mm256_madd_epi16(sums[1], _mm256_set1_epi16(16)));
}

// 8 · Halves rows × Tokens tokens, of which `rows` rows are written. `codes` and `halves` are where
// the first of these rows has its codes and scales.
template <DType Type, std::size_t Tokens, std::size_t Halves>
void multiply_tile(const QuantisedMatmul& m, const std::byte* codes, const std::byte* halves,
                   std::size_t token, float* y, std::size_t rows) noexcept {
  constexpr std::size_t tiles = Tokens * Halves;  // index t * Halves + h
  __m256 sums[tiles];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < tiles; ++i) sums[i] = _mm256_setzero_ps();

  Corrections corrections[Tokens];
  const std::size_t token_bytes = m.blocks * matmul_block;
  const std::int8_t* x = m.codes + token * token_bytes;
  const float* x_scales = m.scales + token * m.blocks;

  for (std::size_t b = 0; b < m.blocks; ++b) {
    if (b % lanes == 0) {
      for (std::size_t t = 0; t < Tokens; ++t) fill<Type>(corrections[t], m, token + t, b);
    }
    const std::byte* scales_at = halves + b * 2 * lanes * sizeof(std::uint16_t);
    const std::byte* minima_at = scales_at + (m.minima_offset - m.scales_offset);
    prefetch(scales_at + m.group_bytes);
    if constexpr (has_minima<Type>) prefetch(minima_at + m.group_bytes);
    __m256i dots[tiles][planes<Type>];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < tiles; ++i) {
#pragma GCC unroll 2
      for (std::size_t plane = 0; plane < planes<Type>; ++plane) {
        dots[i][plane] = _mm256_setzero_si256();
      }
    }
#pragma GCC unroll 8
    for (std::size_t j = 0; j < vectors<Type>; ++j) {
      __m256i low[Halves];
      __m256i high[Halves];
#pragma GCC unroll 2
      for (std::size_t h = 0; h < Halves; ++h) {
        const std::byte* at = codes + ((b * vectors<Type> + j) * 2 + h) * vector_bytes;
        if (h == 0) prefetch(at + m.group_bytes);  // a line holds both
        const __m256i nibble = _mm256_set1_epi8(15);
        __m256i packed = _mm256_load_si256(reinterpret_cast<const __m256i*>(at));
        if constexpr (!is_4_bit<Type>) packed = _mm256_xor_si256(packed, _mm256_set1_epi8(-128));
        low[h] = _mm256_and_si256(packed, nibble);
        high[h] = _mm256_and_si256(_mm256_srli_epi16(packed, 4), nibble);
      }
#pragma GCC unroll 5
      for (std::size_t t = 0; t < Tokens; ++t) {
        const std::int8_t* x_at = x + t * token_bytes + 4 * j;
        const __m256i x_low = broadcast_4_codes(x_at);
        const __m256i x_high = is_4_bit<Type> ? broadcast_4_codes(x_at + 16) : x_low;
#pragma GCC unroll 2
        for (std::size_t h = 0; h < Halves; ++h) {
          __m256i& low_dot = dots[t * Halves + h][0];
          __m256i& high_dot = dots[t * Halves + h][planes<Type> - 1];
          low_dot = add_in_order(low_dot, _mm256_maddubs_epi16(low[h], x_low));
          high_dot = add_in_order(high_dot, _mm256_maddubs_epi16(high[h], x_high));
        }
      }
    }
#pragma GCC unroll 2
    for (std::size_t h = 0; h < Halves; ++h) {
      const std::size_t half = h * lanes * sizeof(std::uint16_t);
      const __m256 scales = load_halves(scales_at + half);
#pragma GCC unroll 5
      for (std::size_t t = 0; t < Tokens; ++t) {
        const std::size_t i = t * Halves + h;
        __m256i dot = widen<Type>(dots[i]);
        if constexpr (!has_minima<Type>) {
          dot = _mm256_add_epi32(dot, _mm256_set1_epi32(corrections[t].offsets[b % lanes]));
        }
        const __m256 scale = _mm256_mul_ps(scales, _mm256_set1_ps(x_scales[t * m.blocks + b]));
        sums[i] = _mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(dot), sums[i]);
        if constexpr (has_minima<Type>) {
          const __m256 scaled_sum = _mm256_set1_ps(corrections[t].scaled_sums[b % lanes]);
          sums[i] = _mm256_fmadd_ps(load_halves(minima_at + half), scaled_sum, sums[i]);
        }
      }
    }
    x += matmul_block;
  }
#pragma GCC unroll 2
  for (std::size_t h = 0; h < Halves; ++h) {
    if (rows <= h * lanes) break;
    const __m256i mask = first_lanes(rows - h * lanes);
#pragma GCC unroll 5
    for (std::size_t t = 0; t < Tokens; ++t) {
      _mm256_maskstore_ps(y + t * m.y_stride + h * lanes, mask, sums[t * Halves + h]);
    }
  }
}

// A whole group × Tokens tokens. Up to two tokens take both halves in one pass, so memory is read
// once in order; more take them one after the other, the second from the first-level cache.
template <DType Type, std::size_t Tokens>
void multiply_group(const QuantisedMatmul& m, const std::byte* group, std::size_t token, float* y,
                    std::size_t rows) noexcept {
  const std::byte* scales = group + m.scales_offset;
  if constexpr (Tokens <= 2) {
    multiply_tile<Type, Tokens, 2>(m, group, scales, token, y, rows);
  } else {
    multiply_tile<Type, Tokens, 1>(m, group, scales, token, y, rows);
    if (rows > lanes) {
      multiply_tile<Type, Tokens, 1>(m, group + vector_bytes,
                                     scales + lanes * sizeof(std::uint16_t), token, y + lanes,
                                     rows - lanes);
    }
  }
}

template <DType Type>
void multiply_groups(const QuantisedMatmul& m) noexcept {
  using Multiply =
      void(const QuantisedMatmul&, const std::byte*, std::size_t, float*, std::size_t) noexcept;
  constexpr Multiply* by_tokens[] = {multiply_group<Type, 1>, multiply_group<Type, 2>,
                                     multiply_group<Type, 3>, multiply_group<Type, 4>,
                                     multiply_group<Type, 5>};
  for_each_tile(
      m, tile_tokens,
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
    default:
      return scalar::multiply(m);
  }
}

}  // namespace espalier::kernels::avx2
