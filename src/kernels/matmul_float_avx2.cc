// F32, F16 and BF16 matmul with AVX2: one register is one element of 8 rows. Four chains (the
// contract's k mod 4) for each token and half of a group also hide the latency of fused
// multiply-adds.
//
// Pointers and plain structs only in this file: isa_functions.h says why.
#include <immintrin.h>

#include <cstddef>

#include "kernels/matmul_args.h"
#include "kernels/matmul_passes.h"

namespace espalier::kernels::avx2 {
namespace {

using tensor::DType;

constexpr std::size_t chains = 4;
constexpr std::size_t lanes = 8;
constexpr std::size_t tile_tokens = 3;  // 3 × 4 chains are 12 of the 16 registers

template <DType Type>
constexpr std::size_t element_bytes = Type == DType::f32 ? sizeof(float) : sizeof(std::uint16_t);

template <DType Type>
inline __m256 load_weights(const std::byte* at) noexcept {
  if constexpr (Type != DType::f32) {
    const __m128i bits = _mm_load_si128(reinterpret_cast<const __m128i*>(at));
    if constexpr (Type == DType::f16) return _mm256_cvtph_ps(bits);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
  __m256 weights = _mm256_load_ps(reinterpret_cast<const float*>(at));
  // Left alone, GCC loads them again for each token, and loads are what this waits for.
  asm("" : "+x"(weights));
  return weights;
}

// All ones in the first `count` lanes.
inline __m256i first_lanes(std::size_t count) noexcept {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count < lanes ? count : lanes)),
                            lane);
}

// 8 · Halves rows × Tokens tokens, of which `rows` rows are written.
template <DType Type, std::size_t Tokens, std::size_t Halves>
void multiply_tile(const FloatMatmul& m, const std::byte* weights, std::size_t token, float* y,
                   std::size_t rows) noexcept {
  constexpr std::size_t tiles = Tokens * Halves;  // index t * Halves + h
  constexpr std::size_t half_bytes = lanes * element_bytes<Type>;
  __m256 sums[chains][tiles];
#pragma GCC unroll 4
  for (std::size_t c = 0; c < chains; ++c) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < tiles; ++i) sums[c][i] = _mm256_setzero_ps();
  }
  const float* x = m.x + token * m.x_stride;
  const auto add_products = [&](std::size_t k, __m256* chain) __attribute__((always_inline)) {
#pragma GCC unroll 2
    for (std::size_t h = 0; h < Halves; ++h) {
      const __m256 w = load_weights<Type>(weights + (2 * k + h) * half_bytes);
#pragma GCC unroll 3
      for (std::size_t t = 0; t < Tokens; ++t) {
        const __m256 value = _mm256_broadcast_ss(x + t * m.x_stride + k);
        chain[t * Halves + h] = _mm256_fmadd_ps(w, value, chain[t * Halves + h]);
      }
    }
  };
  std::size_t k = 0;
  for (; k + chains <= m.cols; k += chains) {
#pragma GCC unroll 4
    for (std::size_t c = 0; c < chains; ++c) add_products(k + c, sums[c]);
  }
#pragma GCC unroll 4
  for (std::size_t c = 0; c < chains; ++c) {
    if (k + c < m.cols) add_products(k + c, sums[c]);
  }
#pragma GCC unroll 2
  for (std::size_t h = 0; h < Halves; ++h) {
    if (rows <= h * lanes) break;
    const __m256i mask = first_lanes(rows - h * lanes);
#pragma GCC unroll 3
    for (std::size_t t = 0; t < Tokens; ++t) {
      const std::size_t i = t * Halves + h;
      const __m256 sum = _mm256_add_ps(_mm256_add_ps(sums[0][i], sums[1][i]),
                                       _mm256_add_ps(sums[2][i], sums[3][i]));
      _mm256_maskstore_ps(y + t * m.y_stride + h * lanes, mask, sum);
    }
  }
}

// A whole group × Tokens tokens: both halves in one pass where the registers suffice.
template <DType Type, std::size_t Tokens>
void multiply_group(const FloatMatmul& m, const std::byte* group, std::size_t token, float* y,
                    std::size_t rows) noexcept {
  if constexpr (Tokens == 1) {
    multiply_tile<Type, 1, 2>(m, group, token, y, rows);
  } else {
    multiply_tile<Type, Tokens, 1>(m, group, token, y, rows);
    if (rows > lanes) {
      multiply_tile<Type, Tokens, 1>(m, group + lanes * element_bytes<Type>, token, y + lanes,
                                     rows - lanes);
    }
  }
}

template <DType Type>
void multiply_groups(const FloatMatmul& m) noexcept {
  using Multiply =
      void(const FloatMatmul&, const std::byte*, std::size_t, float*, std::size_t) noexcept;
  constexpr Multiply* by_tokens[tile_tokens] = {multiply_group<Type, 1>, multiply_group<Type, 2>,
                                                multiply_group<Type, 3>};
  for_each_tile(
      m, tile_tokens,
      [&](const std::byte* group, std::size_t row, std::size_t token, std::size_t count) noexcept {
        by_tokens[count - 1](m, group, token, m.y + token * m.y_stride + row, m.rows - row);
      });
}

}  // namespace

void multiply(const FloatMatmul& m) noexcept {
  if (m.dtype == DType::f32) return multiply_groups<DType::f32>(m);
  if (m.dtype == DType::f16) return multiply_groups<DType::f16>(m);
  multiply_groups<DType::bf16>(m);
}

}  // namespace espalier::kernels::avx2
