// Low-bit matmul with AVX-512 VNNI: one register is 16 rows × 4 codes, one vpdpbusd multiplies it
// with 4 codes of a token, broadcast from memory at no cost, and adds into 16 exact int32 sums.
//
// vpdpbusd wants unsigned × signed. Weights are the unsigned side: their codes are unsigned as they
// stand, but for signed 8-bit ones, which become code + 128. What offsets add to the dot product of
// the 16 columns that share a scale of x is offset · Σx; the sums start at its negative.
//
// No sum can overflow: a product is at most 255 · 127, and 16 of them join a start of at most
// 128 · 16 · 127, together below 2^20. Below 2^24, they are exact as f32 as well.
//
// Pointers and plain structs only in this file: isa_functions.h says why.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/matmul_args.h"
#include "kernels/matmul_codes_avx512.h"
#include "kernels/matmul_passes.h"

namespace espalier::kernels::avx512 {
namespace {

// Per token a float and an integer accumulator, and where both halves of a block share a scale, the
// first half's product: 24 and 20 of the 32 registers, the rest for weights, scales and masks. Also
// more than the 4 independent chains that hide vpdpbusd's latency.
template <DType Type>
constexpr std::size_t tile_tokens = runs<Type> == 1 ? 9 : 10;
// Tiles up to this size have registers to spare, and load a vector that holds codes of both halves
// of a block once.
constexpr std::size_t small_tile = 6;

// The first `count` lanes, at most all.
inline __mmask16 first_lanes(std::size_t count) noexcept {
  return static_cast<__mmask16>(count < lanes ? (1U << count) - 1U : 0xffffU);
}

inline __m512i broadcast_4_codes(const std::int8_t* at) noexcept {
  int four = 0;
  std::memcpy(&four, at, sizeof four);
  return _mm512_set1_epi32(four);
}

// Starts the way of a cache line, of the next group, into the second-level cache: from there the
// processor's own prefetching is quick, and many more lines can be on their way to it than to the
// first level. Always inline, like the function below: GCC drops calls of functions that only
// prefetch.
[[gnu::always_inline]] inline void prefetch(const std::byte* at) noexcept {
  _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T1);
}

template <DType Type>
[[gnu::always_inline]] inline void prefetch_block(const QuantisedMatmul& m, const std::byte* group,
                                                  std::size_t b) noexcept {
  constexpr QuantFormat format = format_of<Type>;
  const std::byte* next = group + m.group_bytes;
#pragma GCC unroll 8
  for (std::size_t v = 0; v < format.bits; ++v) {
    prefetch(next + (b * format.bits + v) * vector_bytes);
  }
  constexpr std::size_t scales_bytes = runs<Type> * (format.block_scales ? lanes : halves_bytes);
  prefetch(next + m.scales_offset + b * scales_bytes);
  // Areas that are not there begin where the next one does: a line that is wanted anyway.
  if constexpr (format.has_minima) prefetch(next + m.minima_offset + b * scales_bytes);
}

// What 8 consecutive blocks of a token need besides codes and scales, worked out for their 16
// halves at a time: −offset · Σx, or Σx · scale where the dtype has minima. Where both halves of a
// block share a minimum, the latter is their sum, twice.
template <DType Type>
struct Corrections {
  static constexpr std::size_t blocks = lanes / matmul_halves;

  alignas(64) std::int32_t starts[lanes];
  alignas(64) float scaled_sums[lanes];

  void fill(const QuantisedMatmul& m, std::size_t token, std::size_t block) noexcept {
    constexpr int offset = format_of<Type>.offset;
    const std::size_t at = (token * m.blocks + block) * matmul_halves;
    const __mmask16 mask = first_lanes((m.blocks - block) * matmul_halves);
    // Two lane sums make a half's sum.
    const __m512i lane_sums = _mm512_maskz_loadu_epi32(mask, m.lane_sums + 2 * at);
    const __m512i sums = _mm512_madd_epi16(lane_sums, _mm512_set1_epi16(1));
    if constexpr (offset > 0) {
      _mm512_store_si512(starts, _mm512_mullo_epi32(sums, _mm512_set1_epi32(-offset)));
    } else {
      const __m512 scales = _mm512_maskz_loadu_ps(mask, m.scales + at);
      __m512 scaled = _mm512_mul_ps(scales, _mm512_cvtepi32_ps(sums));
      if constexpr (runs<Type> == 1) {
        scaled = _mm512_add_ps(scaled, _mm512_permute_ps(scaled, _MM_SHUFFLE(2, 3, 0, 1)));
      }
      _mm512_store_ps(scaled_sums, scaled);
    }
  }
};

// 16 rows × Tokens tokens.
template <DType Type, std::size_t Tokens>
void multiply_tile(const QuantisedMatmul& m, const std::byte* group, std::size_t token, float* y,
                   __mmask16 rows) noexcept {
  constexpr QuantFormat format = format_of<Type>;
  __m512 sums[Tokens];
#pragma GCC unroll 16
  for (std::size_t t = 0; t < Tokens; ++t) sums[t] = _mm512_setzero_ps();

  Corrections<Type> corrections[Tokens];
  const std::size_t token_bytes = m.blocks * matmul_block;
  const std::int8_t* x = m.codes + token * token_bytes;
  const float* x_scales = m.scales + token * m.blocks * matmul_halves;
  const std::byte* block = group;

  for (std::size_t b = 0; b < m.blocks; ++b) {
    if (b % Corrections<Type>::blocks == 0) {
      for (std::size_t t = 0; t < Tokens; ++t) corrections[t].fill(m, token + t, b);
    }
    prefetch_block<Type>(m, group, b);

    __m512i dots[Tokens];
    const auto start = [&](std::size_t h) __attribute__((always_inline)) {
      const std::size_t half = (b * matmul_halves + h) % lanes;
#pragma GCC unroll 16
      for (std::size_t t = 0; t < Tokens; ++t) {
        dots[t] = format.offset > 0 ? _mm512_set1_epi32(corrections[t].starts[half])
                                    : _mm512_setzero_si512();
      }
    };
    const auto add_products = [&]<std::size_t H, std::size_t J>() __attribute__((always_inline)) {
      const __m512i codes = load_codes<Type, H, J>(block);
#pragma GCC unroll 16
      for (std::size_t t = 0; t < Tokens; ++t) {
        const std::int8_t* x_at = x + t * token_bytes + 16 * H + 4 * J;
        dots[t] = _mm512_dpbusd_epi32(dots[t], codes, broadcast_4_codes(x_at));
      }
    };
    Scales scales{};
    __m512 halves[Tokens];
    const auto finish = [&](std::size_t h) __attribute__((always_inline)) {
      const std::size_t half = b * matmul_halves + h;
#pragma GCC unroll 16
      for (std::size_t t = 0; t < Tokens; ++t) {
        const __m512 x_scale = _mm512_set1_ps(x_scales[t * m.blocks * matmul_halves + half]);
        const __m512 dot = _mm512_cvtepi32_ps(dots[t]);
        if constexpr (runs<Type> > 1) {
          sums[t] = _mm512_fmadd_ps(_mm512_mul_ps(scales.scale, x_scale), dot, sums[t]);
        } else if (h == 0) {
          halves[t] = _mm512_mul_ps(x_scale, dot);
        } else {
          const __m512 both = _mm512_fmadd_ps(x_scale, dot, halves[t]);
          sums[t] = _mm512_fmadd_ps(scales.scale, both, sums[t]);
        }
      }
      if constexpr (format.has_minima) {
        if (runs<Type> == 1 && h == 0) return;
#pragma GCC unroll 16
        for (std::size_t t = 0; t < Tokens; ++t) {
          const __m512 scaled_sum = _mm512_set1_ps(corrections[t].scaled_sums[half % lanes]);
          sums[t] = format.block_scales ? _mm512_fnmadd_ps(scales.minimum, scaled_sum, sums[t])
                                        : _mm512_fmadd_ps(scales.minimum, scaled_sum, sums[t]);
        }
      }
    };

    start(0);
    add_products.template operator()<0, 0>();
    add_products.template operator()<0, 1>();
    add_products.template operator()<0, 2>();
    add_products.template operator()<0, 3>();
    if constexpr (runs<Type> > 1) scales = load_scales<Type>(m, group, b, 0);
    finish(0);
    // GCC would rather keep vectors that hold codes of both halves than load them again, and spill.
    if constexpr (Tokens > small_tile) asm("" : "+r"(block));
    start(1);
    add_products.template operator()<1, 0>();
    add_products.template operator()<1, 1>();
    add_products.template operator()<1, 2>();
    add_products.template operator()<1, 3>();
    scales = load_scales<Type>(m, group, b, runs<Type> - 1);
    finish(1);
    x += matmul_block;
    block += format.bits * vector_bytes;
  }
#pragma GCC unroll 16
  for (std::size_t t = 0; t < Tokens; ++t) {
    _mm512_mask_storeu_ps(y + t * m.y_stride, rows, sums[t]);
  }
}

using Tile = void(const QuantisedMatmul&, const std::byte*, std::size_t, float*,
                  __mmask16) noexcept;

// The tile for `Tokens`; sizes that the dtype does not use are not compiled.
template <DType Type, std::size_t Tokens>
constexpr Tile* capped_tile =
    multiply_tile<Type, (Tokens < tile_tokens<Type> ? Tokens : tile_tokens<Type>)>;

template <DType Type>
void multiply_groups(const QuantisedMatmul& m) noexcept {
  constexpr Tile* by_tokens[] = {capped_tile<Type, 1>, capped_tile<Type, 2>, capped_tile<Type, 3>,
                                 capped_tile<Type, 4>, capped_tile<Type, 5>, capped_tile<Type, 6>,
                                 capped_tile<Type, 7>, capped_tile<Type, 8>, capped_tile<Type, 9>,
                                 capped_tile<Type, 10>};
  for_each_tile(
      m, tile_tokens<Type>,
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

}  // namespace espalier::kernels::avx512
