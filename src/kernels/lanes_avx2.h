// 16 floats side by side with AVX2, FMA and F16C: the vocabulary of the vector kernels. Two ymm
// registers stand for AVX-512's one zmm, so both sets add in the same 16 lanes. Only files compiled
// for AVX2 include this.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/exp_polynomial.h"

namespace espalier::kernels::avx2 {
namespace {

struct Lanes {
  struct Mask {
    __m256i low, high;
  };

  __m256 low, high;

  // Columns of 16 that a register tile of `rows` rows takes. Up to twelve of the 16 registers
  // accumulate: fewer could not hide the latency of two fused multiply-adds a cycle. Floats can be
  // operands where they lie; what must be widened first needs registers, which three rows by two
  // columns do not leave.
  static constexpr int tile_columns(int rows, bool floats) {
    if (rows == 1) return 4;
    return rows == 2 || (rows == 3 && floats) ? 2 : 1;
  }

  [[gnu::always_inline]] static Lanes zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  [[gnu::always_inline]] static Lanes broadcast(float x) {
    return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
  }

  [[gnu::always_inline]] static Lanes load(const float* p) {
    return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
  }
  [[gnu::always_inline]] static Lanes load(const std::uint16_t* p) {
    const auto* halves = reinterpret_cast<const __m128i*>(p);
    return {_mm256_cvtph_ps(_mm_loadu_si128(halves)), _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};
  }
  [[gnu::always_inline]] static Lanes load(const std::int8_t* p) {
    const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i upper = _mm_unpackhi_epi64(codes, codes);
    return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes)),
            _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(upper))};
  }
  [[gnu::always_inline]] void store(float* p) const {
    _mm256_storeu_ps(p, low);
    _mm256_storeu_ps(p + 8, high);
  }
  // Rounded to nearest, ties to even.
  [[gnu::always_inline]] void store(std::uint16_t* p) const {
    constexpr int nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    auto* halves = reinterpret_cast<__m128i*>(p);
    _mm_storeu_si128(halves, _mm256_cvtps_ph(low, nearest));
    _mm_storeu_si128(halves + 1, _mm256_cvtps_ph(high, nearest));
  }
  // Likewise, for lanes in [-127, 127].
  [[gnu::always_inline]] void store(std::int8_t* p) const {
    // Packing works within 128-bit halves; the permutation puts them in order again.
    const __m256i words = _mm256_permute4x64_epi64(
        _mm256_packs_epi32(_mm256_cvtps_epi32(low), _mm256_cvtps_epi32(high)),
        _MM_SHUFFLE(3, 1, 2, 0));
    const __m128i codes =
        _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), codes);
  }

  // Lanes begin … end-1; 0 ≤ begin ≤ end ≤ 16.
  [[gnu::always_inline]] static Mask lanes(std::size_t begin, std::size_t end) {
    const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i upper = _mm256_add_epi32(index, _mm256_set1_epi32(8));
    const __m256i before = _mm256_set1_epi32(static_cast<int>(begin) - 1);
    const __m256i after = _mm256_set1_epi32(static_cast<int>(end));
    return {_mm256_and_si256(_mm256_cmpgt_epi32(index, before), _mm256_cmpgt_epi32(after, index)),
            _mm256_and_si256(_mm256_cmpgt_epi32(upper, before), _mm256_cmpgt_epi32(after, upper))};
  }
  // Lanes outside the mask read nothing and give 0.
  [[gnu::always_inline]] static Lanes load(const float* p, Mask mask) {
    return {_mm256_maskload_ps(p, mask.low), _mm256_maskload_ps(p + 8, mask.high)};
  }
  [[gnu::always_inline]] static Lanes load(const std::uint16_t* p, Mask mask) {
    return load_narrow(p, mask);
  }
  [[gnu::always_inline]] static Lanes load(const std::int8_t* p, Mask mask) {
    return load_narrow(p, mask);
  }
  [[gnu::always_inline]] void store(float* p, Mask mask) const {
    _mm256_maskstore_ps(p, mask.low, low);
    _mm256_maskstore_ps(p + 8, mask.high, high);
  }
  // inside where the mask is set, outside elsewhere.
  [[gnu::always_inline]] static Lanes select(Mask mask, Lanes inside, Lanes outside) {
    return {_mm256_blendv_ps(outside.low, inside.low, _mm256_castsi256_ps(mask.low)),
            _mm256_blendv_ps(outside.high, inside.high, _mm256_castsi256_ps(mask.high))};
  }

  [[gnu::always_inline]] friend Lanes operator+(Lanes a, Lanes b) {
    return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
  }
  [[gnu::always_inline]] friend Lanes operator-(Lanes a, Lanes b) {
    return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
  }
  [[gnu::always_inline]] friend Lanes operator*(Lanes a, Lanes b) {
    return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
  }
  [[gnu::always_inline]] friend Lanes operator/(Lanes a, Lanes b) {
    return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
  }
  // a b + c, -a b + c and a b - c, rounded once.
  [[gnu::always_inline]] static Lanes fma(Lanes a, Lanes b, Lanes c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
  }
  [[gnu::always_inline]] static Lanes fnma(Lanes a, Lanes b, Lanes c) {
    return {_mm256_fnmadd_ps(a.low, b.low, c.low), _mm256_fnmadd_ps(a.high, b.high, c.high)};
  }
  [[gnu::always_inline]] static Lanes fms(Lanes a, Lanes b, Lanes c) {
    return {_mm256_fmsub_ps(a.low, b.low, c.low), _mm256_fmsub_ps(a.high, b.high, c.high)};
  }
  // A NaN in b is the result.
  [[gnu::always_inline]] static Lanes min(Lanes a, Lanes b) {
    return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
  }
  [[gnu::always_inline]] static Lanes max(Lanes a, Lanes b) {
    return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
  }

  // result, but 0 in lanes where x < bound.
  [[gnu::always_inline]] static Lanes zero_below(Lanes bound, Lanes x, Lanes result) {
    return {_mm256_and_ps(_mm256_cmp_ps(x.low, bound.low, _CMP_NLT_UQ), result.low),
            _mm256_and_ps(_mm256_cmp_ps(x.high, bound.high, _CMP_NLT_UQ), result.high)};
  }
  // 2^n from n + exp_round.
  [[gnu::always_inline]] static Lanes power_of_two(Lanes shifted) {
    const __m256i bias = _mm256_set1_epi32(exp_bias_bits);
    const __m256i low_n = _mm256_slli_epi32(_mm256_castps_si256(shifted.low), exp_mantissa_bits);
    const __m256i high_n = _mm256_slli_epi32(_mm256_castps_si256(shifted.high), exp_mantissa_bits);
    return {_mm256_castsi256_ps(_mm256_add_epi32(low_n, bias)),
            _mm256_castsi256_ps(_mm256_add_epi32(high_n, bias))};
  }

  // Lane i with lane i + 8, then 4, 2 and 1 apart.
  [[gnu::always_inline]] float sum() const {
    const __m256 eight = _mm256_add_ps(low, high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  [[gnu::always_inline]] float largest() const {
    const __m256 eight = _mm256_max_ps(low, high);
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }
  [[gnu::always_inline]] float first() const { return _mm256_cvtss_f32(low); }

  [[gnu::always_inline]] static float square_root(float x) {
    return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
  }

 private:
  // AVX2 masks only 32-bit loads: the lanes wanted are copied beside zeros first. They begin at 0.
  template <class Element>
  [[gnu::always_inline]] static Lanes load_narrow(const Element* p, Mask mask) {
    const int low_lanes = _mm256_movemask_ps(_mm256_castsi256_ps(mask.low));
    const int high_lanes = _mm256_movemask_ps(_mm256_castsi256_ps(mask.high));
    const int count = __builtin_popcount(static_cast<unsigned>(low_lanes | high_lanes << 8));
    Element copy[16] = {};
    for (int i = 0; i < count; ++i) copy[i] = p[i];
    return load(copy);
  }
};

}  // namespace
}  // namespace espalier::kernels::avx2
