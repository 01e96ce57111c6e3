// Pointers and plain structs only in this file: isa_functions.h says why.
#include <immintrin.h>

#include <cstring>

#include "kernels/quantise_blocks.h"

namespace espalier::kernels::avx512 {
namespace {

// max|x| as bits; infinity and NaN come last.
inline std::uint32_t max_magnitude_bits(const float* x) noexcept {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  return _mm512_reduce_max_epu32(_mm512_and_si512(_mm512_loadu_si512(x), magnitude));
}

// 16 codes as int32: rounded to nearest even (the default mode), clamped.
inline __m512i codes_of(const float* x, __m512 scale) noexcept {
  const __m512i max = _mm512_set1_epi32(static_cast<int>(max_code));
  const __m512i min = _mm512_set1_epi32(-static_cast<int>(max_code));
  const __m512i code = _mm512_cvtps_epi32(_mm512_div_ps(_mm512_loadu_ps(x), scale));
  return _mm512_max_epi32(_mm512_min_epi32(code, max), min);
}

// The two lane sums of 16 codes, as int16 in one dword.
inline int lane_sums_of(__m128i codes) noexcept {
  // Dword j holds both lanes of codes 4j … 4j + 3: add the four up.
  __m128i sums = _mm_maddubs_epi16(_mm_set1_epi8(1), codes);
  sums = _mm_add_epi16(sums, _mm_shuffle_epi32(sums, _MM_SHUFFLE(1, 0, 3, 2)));
  sums = _mm_add_epi16(sums, _mm_shuffle_epi32(sums, _MM_SHUFFLE(2, 3, 0, 1)));
  return _mm_cvtsi128_si32(sums);
}

}  // namespace

void quantise_blocks(QuantiseBlocks row) noexcept {
  const float* x = row.x;
  std::int8_t* codes = row.codes;
  std::int16_t* lane_sums = row.lane_sums;
  for (std::size_t b = 0; b < row.blocks; ++b) {
    const std::uint32_t max = max_magnitude_bits(x);
    const __m128 max_value = _mm_castsi128_ps(_mm_cvtsi32_si128(static_cast<int>(max)));
    float scale = _mm_cvtss_f32(max_value) / max_code;
    __m128i block = _mm_setzero_si128();
    if (max >= infinity_bits) {
      scale = __builtin_nanf("");
    } else if (scale > 0.0F) {
      block = _mm512_cvtepi32_epi8(codes_of(x, _mm512_set1_ps(scale)));
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(codes), block);
    const int sums = lane_sums_of(block);
    std::memcpy(lane_sums, &sums, sizeof sums);
    row.scales[b] = scale;
    x += quantise_block;
    codes += quantise_block;
    lane_sums += quantise_lane_sums;
  }
}

}  // namespace espalier::kernels::avx512
