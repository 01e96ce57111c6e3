// F32, F16 and BF16 matmul with AVX-512: one register is one element of 16 rows. Four chains a
// token (the contract's k mod 4) are also what hides the latency of fused multiply-adds.
//
// Pointers and plain structs only in this file: isa_functions.h says why.
#include <immintrin.h>

#include <cstddef>

#include "kernels/matmul_args.h"
#include "kernels/matmul_passes.h"

namespace espalier::kernels::avx512 {
namespace {

using tensor::DType;

constexpr std::size_t chains = 4;
constexpr std::size_t lanes = 16;
constexpr std::size_t tile_tokens = 6;  // 6 × 4 chains are 24 of the 32 registers

// The first `count` lanes, at most all.
inline __mmask16 first_lanes(std::size_t count) noexcept {
  return static_cast<__mmask16>(count < lanes ? (1U << count) - 1U : 0xffffU);
}

template <DType Type>
inline __m512 load_weights(const std::byte* group, std::size_t k) noexcept {
  if constexpr (Type == DType::f32) return _mm512_load_ps(group + k * lanes * sizeof(float));
  const std::byte* at = group + k * lanes * sizeof(std::uint16_t);
  const __m256i bits = _mm256_load_si256(reinterpret_cast<const __m256i*>(at));
  if constexpr (Type == DType::f16) return _mm512_cvtph_ps(bits);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

// 16 rows × Tokens tokens.
template <DType Type, std::size_t Tokens>
void multiply_tile(const FloatMatmul& m, const std::byte* group, std::size_t token, float* y,
                   __mmask16 rows) noexcept {
  __m512 sums[chains][Tokens];
#pragma GCC unroll 4
  for (std::size_t c = 0; c < chains; ++c) {
#pragma GCC unroll 6
    for (std::size_t t = 0; t < Tokens; ++t) sums[c][t] = _mm512_setzero_ps();
  }
  const float* x = m.x + token * m.x_stride;
  std::size_t k = 0;
  for (; k + chains <= m.cols; k += chains) {
#pragma GCC unroll 4
    for (std::size_t c = 0; c < chains; ++c) {
      const __m512 w = load_weights<Type>(group, k + c);
#pragma GCC unroll 6
      for (std::size_t t = 0; t < Tokens; ++t) {
        sums[c][t] = _mm512_fmadd_ps(w, _mm512_set1_ps(x[t * m.x_stride + k + c]), sums[c][t]);
      }
    }
  }
#pragma GCC unroll 4
  for (std::size_t c = 0; c < chains; ++c) {
    if (k + c >= m.cols) break;
    const __m512 w = load_weights<Type>(group, k + c);
#pragma GCC unroll 6
    for (std::size_t t = 0; t < Tokens; ++t) {
      sums[c][t] = _mm512_fmadd_ps(w, _mm512_set1_ps(x[t * m.x_stride + k + c]), sums[c][t]);
    }
  }
#pragma GCC unroll 6
  for (std::size_t t = 0; t < Tokens; ++t) {
    const __m512 sum =
        _mm512_add_ps(_mm512_add_ps(sums[0][t], sums[1][t]), _mm512_add_ps(sums[2][t], sums[3][t]));
    _mm512_mask_storeu_ps(y + t * m.y_stride, rows, sum);
  }
}

template <DType Type>
void multiply_groups(const FloatMatmul& m) noexcept {
  using Tile = void(const FloatMatmul&, const std::byte*, std::size_t, float*, __mmask16) noexcept;
  constexpr Tile* by_tokens[tile_tokens] = {multiply_tile<Type, 1>, multiply_tile<Type, 2>,
                                            multiply_tile<Type, 3>, multiply_tile<Type, 4>,
                                            multiply_tile<Type, 5>, multiply_tile<Type, 6>};
  for_each_tile(
      m, tile_tokens,
      [&](const std::byte* group, std::size_t row, std::size_t token, std::size_t count) noexcept {
        by_tokens[count - 1](m, group, token, m.y + token * m.y_stride + row,
                             first_lanes(m.rows - row));
      });
}

}  // namespace

void multiply(const FloatMatmul& m) noexcept {
  if (m.dtype == DType::f32) return multiply_groups<DType::f32>(m);
  if (m.dtype == DType::f16) return multiply_groups<DType::f16>(m);
  multiply_groups<DType::bf16>(m);
}

}  // namespace espalier::kernels::avx512
