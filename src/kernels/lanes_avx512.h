// 16 floats side by side with AVX-512: the vocabulary of the vector kernels (see lanes_avx2.h for
// the other one). Only files compiled for AVX-512 include this.
#pragma once

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 takes the undefined pass-through operands of its own intrinsics for a mistake (its bug
// 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#else
#include <immintrin.h>
#endif

#include <cstddef>
#include <cstdint>

#include "kernels/exp_polynomial.h"

namespace espalier::kernels::avx512 {
namespace {

struct Lanes {
  using Mask = __mmask16;

  __m512 v;

  // Columns of 16 that a register tile of `rows` rows takes: six rows' 24 accumulators, a
  // column and six broadcasts are 31 of the 32 registers.
  static constexpr int tile_columns(int /*rows*/, bool /*floats*/) { return 4; }

  [[gnu::always_inline]] static Lanes zero() { return {_mm512_setzero_ps()}; }
  [[gnu::always_inline]] static Lanes broadcast(float x) { return {_mm512_set1_ps(x)}; }

  [[gnu::always_inline]] static Lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
  [[gnu::always_inline]] static Lanes load(const std::uint16_t* p) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
  [[gnu::always_inline]] static Lanes load(const std::int8_t* p) {
    const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(codes))};
  }
  [[gnu::always_inline]] void store(float* p) const { _mm512_storeu_ps(p, v); }
  // Rounded to nearest, ties to even.
  [[gnu::always_inline]] void store(std::uint16_t* p) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  // Likewise, for lanes in [-127, 127].
  [[gnu::always_inline]] void store(std::int8_t* p) const {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
  }

  // Lanes begin … end-1; 0 ≤ begin ≤ end ≤ 16.
  [[gnu::always_inline]] static Mask lanes(std::size_t begin, std::size_t end) {
    return static_cast<Mask>((1U << end) - (1U << begin));
  }
  // Lanes outside the mask read nothing and give 0.
  [[gnu::always_inline]] static Lanes load(const float* p, Mask mask) {
    return {_mm512_maskz_loadu_ps(mask, p)};
  }
  [[gnu::always_inline]] static Lanes load(const std::uint16_t* p, Mask mask) {
    return {_mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, p))};
  }
  [[gnu::always_inline]] static Lanes load(const std::int8_t* p, Mask mask) {
    return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(mask, p)))};
  }
  [[gnu::always_inline]] void store(float* p, Mask mask) const {
    _mm512_mask_storeu_ps(p, mask, v);
  }
  // inside where the mask is set, outside elsewhere.
  [[gnu::always_inline]] static Lanes select(Mask mask, Lanes inside, Lanes outside) {
    return {_mm512_mask_blend_ps(mask, outside.v, inside.v)};
  }

  [[gnu::always_inline]] friend Lanes operator+(Lanes a, Lanes b) {
    return {_mm512_add_ps(a.v, b.v)};
  }
  [[gnu::always_inline]] friend Lanes operator-(Lanes a, Lanes b) {
    return {_mm512_sub_ps(a.v, b.v)};
  }
  [[gnu::always_inline]] friend Lanes operator*(Lanes a, Lanes b) {
    return {_mm512_mul_ps(a.v, b.v)};
  }
  [[gnu::always_inline]] friend Lanes operator/(Lanes a, Lanes b) {
    return {_mm512_div_ps(a.v, b.v)};
  }
  // a b + c, -a b + c and a b - c, rounded once.
  [[gnu::always_inline]] static Lanes fma(Lanes a, Lanes b, Lanes c) {
    return {_mm512_fmadd_ps(a.v, b.v, c.v)};
  }
  [[gnu::always_inline]] static Lanes fnma(Lanes a, Lanes b, Lanes c) {
    return {_mm512_fnmadd_ps(a.v, b.v, c.v)};
  }
  [[gnu::always_inline]] static Lanes fms(Lanes a, Lanes b, Lanes c) {
    return {_mm512_fmsub_ps(a.v, b.v, c.v)};
  }
  // A NaN in b is the result.
  [[gnu::always_inline]] static Lanes min(Lanes a, Lanes b) { return {_mm512_min_ps(a.v, b.v)}; }
  [[gnu::always_inline]] static Lanes max(Lanes a, Lanes b) { return {_mm512_max_ps(a.v, b.v)}; }

  // result, but 0 in lanes where x < bound.
  [[gnu::always_inline]] static Lanes zero_below(Lanes bound, Lanes x, Lanes result) {
    return {_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x.v, bound.v, _CMP_NLT_UQ), result.v)};
  }
  // 2^n from n + exp_round.
  [[gnu::always_inline]] static Lanes power_of_two(Lanes shifted) {
    const __m512i n = _mm512_slli_epi32(_mm512_castps_si512(shifted.v), exp_mantissa_bits);
    return {_mm512_castsi512_ps(_mm512_add_epi32(n, _mm512_set1_epi32(exp_bias_bits)))};
  }

  // Lane i with lane i + 8, then 4, 2 and 1 apart.
  [[gnu::always_inline]] float sum() const {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  [[gnu::always_inline]] float largest() const {
    const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }
  [[gnu::always_inline]] float first() const { return _mm512_cvtss_f32(v); }

  [[gnu::always_inline]] static float square_root(float x) {
    return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
  }
};

}  // namespace
}  // namespace espalier::kernels::avx512
