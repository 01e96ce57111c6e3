// Pointers and plain structs only in this file: isa_functions.h says why.
#include <immintrin.h>

#include "kernels/quantise_blocks.h"

namespace espalier::kernels::avx512 {
namespace {

constexpr int lanes = 16;

// max|x| as bits; infinity and NaN come last.
inline std::uint32_t max_magnitude_bits(const float* x) noexcept {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  const __m512i first = _mm512_and_si512(_mm512_loadu_si512(x), magnitude);
  const __m512i second = _mm512_and_si512(_mm512_loadu_si512(x + lanes), magnitude);
  return _mm512_reduce_max_epu32(_mm512_max_epu32(first, second));
}

// 16 codes as int32: rounded to nearest even (the default mode), clamped.
inline __m512i codes_of(const float* x, __m512 scale) noexcept {
  const __m512i max = _mm512_set1_epi32(static_cast<int>(max_code));
  const __m512i min = _mm512_set1_epi32(-static_cast<int>(max_code));
  const __m512i code = _mm512_cvtps_epi32(_mm512_div_ps(_mm512_loadu_ps(x), scale));
  return _mm512_max_epi32(_mm512_min_epi32(code, max), min);
}

}  // namespace

void quantise_blocks(const float* x, std::size_t blocks, std::int8_t* codes, float* scales,
                     std::int32_t* sums) noexcept {
  for (std::size_t b = 0; b < blocks; ++b, x += quantise_block, codes += quantise_block) {
    const std::uint32_t max = max_magnitude_bits(x);
    const auto out = reinterpret_cast<__m128i*>(codes);
    const __m128 max_value = _mm_castsi128_ps(_mm_cvtsi32_si128(static_cast<int>(max)));
    const float scale = _mm_cvtss_f32(max_value) / max_code;
    if (max >= infinity_bits || !(scale > 0.0F)) {
      scales[b] = max >= infinity_bits ? __builtin_nanf("") : scale;
      sums[b] = 0;
      _mm_storeu_si128(out, _mm_setzero_si128());
      _mm_storeu_si128(out + 1, _mm_setzero_si128());
      continue;
    }
    const __m512i first = codes_of(x, _mm512_set1_ps(scale));
    const __m512i second = codes_of(x + lanes, _mm512_set1_ps(scale));
    scales[b] = scale;
    sums[b] = _mm512_reduce_add_epi32(_mm512_add_epi32(first, second));
    _mm_storeu_si128(out, _mm512_cvtepi32_epi8(first));
    _mm_storeu_si128(out + 1, _mm512_cvtepi32_epi8(second));
  }
}

}  // namespace espalier::kernels::avx512
