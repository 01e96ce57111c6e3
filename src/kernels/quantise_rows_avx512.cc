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

// The lane sums of 32 codes, as four int16 in the lower half.
inline __m128i lane_sums_of(__m256i codes) noexcept {
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), codes);
  // Dword j of half h holds both lanes of its codes 4j … 4j + 3: add the four of a half up.
  __m256i sums = _mm256_add_epi16(pairs, _mm256_shuffle_epi32(pairs, _MM_SHUFFLE(1, 0, 3, 2)));
  sums = _mm256_add_epi16(sums, _mm256_shuffle_epi32(sums, _MM_SHUFFLE(2, 3, 0, 1)));
  return _mm_unpacklo_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
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
    __m256i block = _mm256_setzero_si256();
    if (max >= infinity_bits) {
      scale = __builtin_nanf("");
    } else if (scale > 0.0F) {
      const __m512 scale16 = _mm512_set1_ps(scale);
      block = _mm256_set_m128i(_mm512_cvtepi32_epi8(codes_of(x + lanes, scale16)),
                               _mm512_cvtepi32_epi8(codes_of(x, scale16)));
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes), block);
    const __m128i sums = lane_sums_of(block);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(lane_sums), sums);
    const __m128i halves = _mm_madd_epi16(sums, _mm_set1_epi16(1));
    row.scales[b] = scale;
    row.sums[b] = _mm_cvtsi128_si32(halves) + _mm_extract_epi32(halves, 1);
    x += quantise_block;
    codes += quantise_block;
    lane_sums += quantise_lane_sums;
  }
}

}  // namespace espalier::kernels::avx512
