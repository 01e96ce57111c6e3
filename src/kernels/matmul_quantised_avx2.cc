// Low-bit matmul with AVX2: one register is 8 rows × 4 codes, so a group of 16 rows is two halves.
//
// vpmaddubsw multiplies unsigned × signed bytes and adds neighbours into int16, where it would
// saturate. It cannot here:
//   4-bit codes   |sum| ≤ 15·127·2 = 3,810, and the 8 products of a block stay below 8 · 3,810 =
//   30,480,
//                 so a block is summed in int16 and widened once
//   8-bit codes   |w| × (x with w's sign): ≤ 128·127·2 = 32,512, widened at once; the code −128 is
//   right,
//                 for |−128| is 128 as an unsigned byte
//
// Pointers and plain structs only in this file: isa_functions.h says why.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/matmul_args.h"

namespace espalier::kernels::avx2 {
namespace {

using tensor::DType;

// A float and an integer accumulator for each token and half: 8 of the 16 registers.
constexpr std::size_t tile_tokens = 4;

constexpr std::size_t vector_bytes = 32;
constexpr std::size_t lanes = 8;

template <DType Type>
constexpr bool is_4_bit = Type != DType::q8_0;
template <DType Type>
constexpr std::size_t vectors = is_4_bit<Type> ? 4 : 8;  // 64-byte vectors of a packed block

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

// What 8 consecutive blocks of a token need besides codes and scales, worked out 8 at a time:
// −8 · Σx for Q4_0, Σx · scale for Q4_1.
struct Corrections {
  alignas(32) std::int32_t offsets[lanes];
  alignas(32) float scaled_sums[lanes];
};

template <DType Type>
inline void fill(Corrections& corrections, const QuantisedMatmul& m, std::size_t token,
                 std::size_t block) noexcept {
  const __m256i mask = first_lanes(m.blocks - block);
  const std::size_t at = token * m.blocks + block;
  if constexpr (Type == DType::q4_0) {
    const __m256i sums = _mm256_maskload_epi32(m.sums + at, mask);
    const __m256i offsets = _mm256_slli_epi32(_mm256_sub_epi32(_mm256_setzero_si256(), sums), 3);
    _mm256_store_si256(reinterpret_cast<__m256i*>(corrections.offsets), offsets);
  }
  if constexpr (Type == DType::q4_1) {
    const __m256 sums = _mm256_cvtepi32_ps(_mm256_maskload_epi32(m.sums + at, mask));
    const __m256 scales = _mm256_maskload_ps(m.scales + at, mask);
    _mm256_store_ps(corrections.scaled_sums, _mm256_mul_ps(scales, sums));
  }
}

// 8 · Halves rows (from `group`'s first byte on) × Tokens tokens. `rows` of them are written.
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
  const __m256i ones = _mm256_set1_epi16(1);

  for (std::size_t b = 0; b < m.blocks; ++b) {
    if (b % lanes == 0) {
      for (std::size_t t = 0; t < Tokens; ++t) fill<Type>(corrections[t], m, token + t, b);
    }
    __m256i dots[tiles];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < tiles; ++i) dots[i] = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (std::size_t j = 0; j < vectors<Type>; ++j) {
      __m256i low[Halves];
      __m256i high[Halves];
#pragma GCC unroll 2
      for (std::size_t h = 0; h < Halves; ++h) {
        const std::byte* at = codes + ((b * vectors<Type> + j) * 2 + h) * vector_bytes;
        const __m256i packed = _mm256_load_si256(reinterpret_cast<const __m256i*>(at));
        if constexpr (is_4_bit<Type>) {
          const __m256i nibble = _mm256_set1_epi8(15);
          low[h] = _mm256_and_si256(packed, nibble);
          high[h] = _mm256_and_si256(_mm256_srli_epi16(packed, 4), nibble);
        } else {
          low[h] = packed;
          high[h] = _mm256_abs_epi8(packed);
        }
      }
#pragma GCC unroll 4
      for (std::size_t t = 0; t < Tokens; ++t) {
        const std::int8_t* x_at = x + t * token_bytes + 4 * j;
        const __m256i first = broadcast_4_codes(x_at);
#pragma GCC unroll 2
        for (std::size_t h = 0; h < Halves; ++h) {
          __m256i& dot = dots[t * Halves + h];
          if constexpr (is_4_bit<Type>) {
            dot = _mm256_add_epi16(dot, _mm256_maddubs_epi16(low[h], first));
          } else {
            const __m256i pairs = _mm256_maddubs_epi16(high[h], _mm256_sign_epi8(first, low[h]));
            dot = _mm256_add_epi32(dot, _mm256_madd_epi16(pairs, ones));
          }
        }
        if constexpr (is_4_bit<Type>) {
          const __m256i second = broadcast_4_codes(x_at + 16);
#pragma GCC unroll 2
          for (std::size_t h = 0; h < Halves; ++h) {
            __m256i& dot = dots[t * Halves + h];
            dot = _mm256_add_epi16(dot, _mm256_maddubs_epi16(high[h], second));
          }
        }
      }
    }
    const std::byte* scales_at = halves + b * 2 * lanes * sizeof(std::uint16_t);
#pragma GCC unroll 2
    for (std::size_t h = 0; h < Halves; ++h) {
      const std::size_t half = h * lanes * sizeof(std::uint16_t);
      const __m256 scales = load_halves(scales_at + half);
#pragma GCC unroll 4
      for (std::size_t t = 0; t < Tokens; ++t) {
        __m256i dot = dots[t * Halves + h];
        if constexpr (is_4_bit<Type>) dot = _mm256_madd_epi16(dot, ones);
        if constexpr (Type == DType::q4_0) {
          dot = _mm256_add_epi32(dot, _mm256_set1_epi32(corrections[t].offsets[b % lanes]));
        }
        const __m256 scale = _mm256_mul_ps(scales, _mm256_set1_ps(x_scales[t * m.blocks + b]));
        __m256& sum = sums[t * Halves + h];
        sum = _mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(dot), sum);
      }
      if constexpr (Type == DType::q4_1) {
        const __m256 minima = load_halves(scales_at + (m.minima_offset - m.scales_offset) + half);
#pragma GCC unroll 4
        for (std::size_t t = 0; t < Tokens; ++t) {
          const __m256 scaled_sum = _mm256_set1_ps(corrections[t].scaled_sums[b % lanes]);
          __m256& sum = sums[t * Halves + h];
          sum = _mm256_fmadd_ps(minima, scaled_sum, sum);
        }
      }
    }
    x += matmul_block;
  }
#pragma GCC unroll 2
  for (std::size_t h = 0; h < Halves; ++h) {
    if (rows <= h * lanes) break;
    const __m256i mask = first_lanes(rows - h * lanes);
#pragma GCC unroll 4
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
  constexpr Multiply* by_tokens[tile_tokens] = {multiply_group<Type, 1>, multiply_group<Type, 2>,
                                                multiply_group<Type, 3>, multiply_group<Type, 4>};
  for (std::size_t row = 0; row < m.rows; row += matmul_group_rows) {
    const std::byte* group = m.weights + row / matmul_group_rows * m.group_bytes;
    // Tiles of nearly equal size: 5 tokens are 3 + 2, as 4 + 1 would unpack as often for less.
    std::size_t tiles_left = (m.tokens + tile_tokens - 1) / tile_tokens;
    for (std::size_t token = 0; token < m.tokens; --tiles_left) {
      const std::size_t count = (m.tokens - token + tiles_left - 1) / tiles_left;
      by_tokens[count - 1](m, group, token, m.y + token * m.y_stride + row, m.rows - row);
      token += count;
    }
  }
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
    case DType::f32:
    case DType::f16:
      return;
  }
}

}  // namespace espalier::kernels::avx2
