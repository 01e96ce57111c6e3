// Low-bit matmul with AVX-512 VNNI: one register is 16 rows × 4 codes, one vpdpbusd multiplies it
// with 4 codes of a token, broadcast from memory at no cost, and adds into 16 exact int32 sums.
//
// vpdpbusd wants unsigned × signed. Weights are the unsigned side: 4-bit codes are as they stand,
// signed 8-bit ones become code + 128. What that (and Q4_0's offset of 8) adds to a block's dot
// product is offset · Σx; the sums start at its negative.
//
// Pointers and plain structs only in this file: isa_functions.h says why.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/matmul_args.h"
#include "kernels/matmul_passes.h"

namespace espalier::kernels::avx512 {
namespace {

using tensor::DType;

// Per token a float and an integer accumulator: 24 of the 32 registers, the rest for weights,
// scales and masks. Also more than the 4 independent chains that hide vpdpbusd's latency.
constexpr std::size_t tile_tokens = 12;

constexpr std::size_t vector_bytes = 64;
constexpr std::size_t halves_bytes = 32;  // one scale for each row of a group
constexpr std::size_t lanes = 16;

template <DType Type>
constexpr bool is_4_bit = Type != DType::q8_0;
template <DType Type>
constexpr std::size_t vectors = is_4_bit<Type> ? 4 : 8;  // registers that a packed block fills
template <DType Type>
constexpr bool has_offset = Type != DType::q4_1;
template <DType Type>
constexpr int log2_offset = Type == DType::q8_0 ? 7 : 3;

// The first `count` lanes, at most all.
inline __mmask16 first_lanes(std::size_t count) noexcept {
  return static_cast<__mmask16>(count < lanes ? (1U << count) - 1U : 0xffffU);
}

inline __m512i broadcast_4_codes(const std::int8_t* at) noexcept {
  int four = 0;
  std::memcpy(&four, at, sizeof four);
  return _mm512_set1_epi32(four);
}

inline __m512 load_halves(const std::byte* at) noexcept {
  return _mm512_cvtph_ps(_mm256_load_si256(reinterpret_cast<const __m256i*>(at)));
}

// Starts the way of a cache line, of the next group, into the second-level cache: from there the
// processor's own prefetching is quick, and many more lines can be on their way to it than to the
// first level.
inline void prefetch(const std::byte* at) noexcept {
  _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T1);
}

// What 16 consecutive blocks of a token need besides codes and scales, worked out 16 at a time:
// −offset · Σx, or Σx · scale where the dtype has minima.
template <DType Type>
struct Corrections {
  alignas(64) std::int32_t starts[lanes];
  alignas(64) float scaled_sums[lanes];

  void fill(const QuantisedMatmul& m, std::size_t token, std::size_t block) noexcept {
    const __mmask16 mask = first_lanes(m.blocks - block);
    const std::size_t at = token * m.blocks + block;
    const __m512i sums = _mm512_maskz_loadu_epi32(mask, m.sums + at);
    if constexpr (has_offset<Type>) {
      const __m512i negative = _mm512_sub_epi32(_mm512_setzero_si512(), sums);
      _mm512_store_si512(starts, _mm512_slli_epi32(negative, log2_offset<Type>));
    } else {
      const __m512 scales = _mm512_maskz_loadu_ps(mask, m.scales + at);
      _mm512_store_ps(scaled_sums, _mm512_mul_ps(scales, _mm512_cvtepi32_ps(sums)));
    }
  }
};

// 16 rows × Tokens tokens.
template <DType Type, std::size_t Tokens>
void multiply_tile(const QuantisedMatmul& m, const std::byte* group, std::size_t token, float* y,
                   __mmask16 rows) noexcept {
  __m512 sums[Tokens];
#pragma GCC unroll 16
  for (std::size_t t = 0; t < Tokens; ++t) sums[t] = _mm512_setzero_ps();

  Corrections<Type> corrections[Tokens];
  const std::size_t token_bytes = m.blocks * matmul_block;
  const std::int8_t* x = m.codes + token * token_bytes;
  const float* x_scales = m.scales + token * m.blocks;

  for (std::size_t b = 0; b < m.blocks; ++b) {
    if (b % lanes == 0) {
      for (std::size_t t = 0; t < Tokens; ++t) corrections[t].fill(m, token + t, b);
    }
    __m512i dots[Tokens];
#pragma GCC unroll 16
    for (std::size_t t = 0; t < Tokens; ++t) {
      dots[t] = has_offset<Type> ? _mm512_set1_epi32(corrections[t].starts[b % lanes])
                                 : _mm512_setzero_si512();
    }
    const std::byte* block = group + b * vectors<Type> * vector_bytes;
    const std::byte* scales_at = group + m.scales_offset + b * halves_bytes;
    const std::byte* minima_at = group + m.minima_offset + b * halves_bytes;
    prefetch(scales_at + m.group_bytes);
    if constexpr (Type == DType::q4_1) prefetch(minima_at + m.group_bytes);
#pragma GCC unroll 8
    for (std::size_t j = 0; j < vectors<Type>; ++j) {
      prefetch(block + j * vector_bytes + m.group_bytes);
      const __m512i codes = _mm512_load_si512(block + j * vector_bytes);
      if constexpr (is_4_bit<Type>) {
        const __m512i nibble = _mm512_set1_epi8(15);
        const __m512i low = _mm512_and_si512(codes, nibble);
        const __m512i high = _mm512_and_si512(_mm512_srli_epi16(codes, 4), nibble);
#pragma GCC unroll 16
        for (std::size_t t = 0; t < Tokens; ++t) {
          dots[t] =
              _mm512_dpbusd_epi32(dots[t], low, broadcast_4_codes(x + t * token_bytes + 4 * j));
        }
#pragma GCC unroll 16
        for (std::size_t t = 0; t < Tokens; ++t) {
          dots[t] = _mm512_dpbusd_epi32(dots[t], high,
                                        broadcast_4_codes(x + t * token_bytes + 16 + 4 * j));
        }
      } else {
        const __m512i biased = _mm512_xor_si512(codes, _mm512_set1_epi8(-128));
#pragma GCC unroll 16
        for (std::size_t t = 0; t < Tokens; ++t) {
          dots[t] =
              _mm512_dpbusd_epi32(dots[t], biased, broadcast_4_codes(x + t * token_bytes + 4 * j));
        }
      }
    }
    const __m512 scales = load_halves(scales_at);
#pragma GCC unroll 16
    for (std::size_t t = 0; t < Tokens; ++t) {
      const __m512 scale = _mm512_mul_ps(scales, _mm512_set1_ps(x_scales[t * m.blocks + b]));
      sums[t] = _mm512_fmadd_ps(scale, _mm512_cvtepi32_ps(dots[t]), sums[t]);
    }
    if constexpr (Type == DType::q4_1) {
      const __m512 minima = load_halves(minima_at);
#pragma GCC unroll 16
      for (std::size_t t = 0; t < Tokens; ++t) {
        const __m512 scaled_sum = _mm512_set1_ps(corrections[t].scaled_sums[b % lanes]);
        sums[t] = _mm512_fmadd_ps(minima, scaled_sum, sums[t]);
      }
    }
    x += matmul_block;
  }
#pragma GCC unroll 16
  for (std::size_t t = 0; t < Tokens; ++t) {
    _mm512_mask_storeu_ps(y + t * m.y_stride, rows, sums[t]);
  }
}

template <DType Type>
void multiply_groups(const QuantisedMatmul& m) noexcept {
  using Tile =
      void(const QuantisedMatmul&, const std::byte*, std::size_t, float*, __mmask16) noexcept;
  constexpr Tile* by_tokens[tile_tokens] = {
      multiply_tile<Type, 1>,  multiply_tile<Type, 2>,  multiply_tile<Type, 3>,
      multiply_tile<Type, 4>,  multiply_tile<Type, 5>,  multiply_tile<Type, 6>,
      multiply_tile<Type, 7>,  multiply_tile<Type, 8>,  multiply_tile<Type, 9>,
      multiply_tile<Type, 10>, multiply_tile<Type, 11>, multiply_tile<Type, 12>};
  for_each_tile(
      m, tile_tokens,
      [&](const std::byte* group, std::size_t row, std::size_t token, std::size_t count) noexcept {
        by_tokens[count - 1](m, group, token, m.y + token * m.y_stride + row,
                             first_lanes(m.rows - row));
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

}  // namespace espalier::kernels::avx512
