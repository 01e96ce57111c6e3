// Scales in pairs of columns and whole steps of a unit, as quantised_rows.h says of AVX2.
//
// Pointers and plain structs only in this file: isa_functions.h says why.
#include <immintrin.h>

#include <cstring>

#include "kernels/quantise_blocks.h"

namespace espalier::kernels::avx2 {
namespace {

constexpr std::size_t lanes = 8;
constexpr std::size_t columns = 2 * quantise_block;  // of a block of weights, two scales
constexpr int vectors = columns / lanes;

// max|x| of the columns of either scale as bits, [0, 0, 1, 1]; infinity and NaN come last.
inline __m128i max_magnitude_bits(const float* x) noexcept {
  __m256i max = _mm256_setzero_si256();
  for (int i = 0; i < vectors; ++i) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i * lanes));
    max = _mm256_max_epu32(max, _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff)));
  }
  const __m128i four = _mm_max_epu32(_mm256_castsi256_si128(max), _mm256_extracti128_si256(max, 1));
  return _mm_max_epu32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(2, 3, 0, 1)));
}

// Rounded to nearest even (the default mode). scale is not below |x| / 127: nothing to clamp.
inline __m256i codes_of(const float* x, __m256 scales) noexcept {
  return _mm256_cvtps_epi32(_mm256_div_ps(_mm256_loadu_ps(x), scales));
}

inline __m256i codes_of_block(const float* x, __m128 scales_of_pairs) noexcept {
  const __m256 scales = _mm256_set_m128(scales_of_pairs, scales_of_pairs);
  const __m256i words[] = {
      _mm256_packs_epi32(codes_of(x, scales), codes_of(x + lanes, scales)),
      _mm256_packs_epi32(codes_of(x + 2 * lanes, scales), codes_of(x + 3 * lanes, scales))};
  // Packing works within 128-bit lanes; the permutation puts the groups of four back in order.
  return _mm256_permutevar8x32_epi32(_mm256_packs_epi16(words[0], words[1]),
                                     _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

// Of either half of a block, its two lane sums as int16 in the first dword.
inline __m256i lane_sums_of(__m256i codes) noexcept {
  // Dword j holds both lanes of codes 4j … 4j + 3: add the four up.
  __m256i sums = _mm256_maddubs_epi16(_mm256_set1_epi8(1), codes);
  sums = _mm256_add_epi16(sums, _mm256_shuffle_epi32(sums, _MM_SHUFFLE(1, 0, 3, 2)));
  return _mm256_add_epi16(sums, _mm256_shuffle_epi32(sums, _MM_SHUFFLE(2, 3, 0, 1)));
}

// A power of two as bits of its exponent.
inline float power(std::uint32_t exponent) noexcept {
  return _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(static_cast<int>(exponent << 23U))));
}

}  // namespace

void quantise_blocks(QuantiseBlocks row) noexcept {
  __m128i row_max = _mm_setzero_si128();
  const std::size_t blocks = row.blocks / 2;
  for (std::size_t b = 0; b < blocks; ++b) {
    row_max = _mm_max_epu32(row_max, max_magnitude_bits(row.x + b * columns));
  }
  row_max = _mm_max_epu32(row_max, _mm_shuffle_epi32(row_max, _MM_SHUFFLE(1, 0, 3, 2)));
  const auto max = static_cast<std::uint32_t>(_mm_cvtsi128_si32(row_max));
  const bool finite = max < infinity_bits;
  // The largest step is max / 127 / unit, from 2^20 / 127 to 2^21 / 127.
  const std::uint32_t exponent = max >> 23U;
  const std::uint32_t unit_exponent = exponent > 21 ? exponent - 20 : 1;
  const float unit = power(unit_exponent);
  *row.unit = finite ? unit : __builtin_nanf("");
  const __m128 units = _mm_set1_ps(unit);
  const __m128 per_unit = _mm_set1_ps(power(254 - unit_exponent));
  for (std::size_t b = 0; b < blocks; ++b) {
    const float* x = row.x + b * columns;
    const __m128 magnitude = _mm_castsi128_ps(max_magnitude_bits(x));
    const __m128 quotient = _mm_div_ps(_mm_mul_ps(magnitude, per_unit), _mm_set1_ps(max_code));
    const __m128 whole = _mm_max_ps(_mm_ceil_ps(quotient), _mm_set1_ps(1.0F));
    __m128 scales = _mm_mul_ps(whole, units);
    __m256i codes = _mm256_setzero_si256();
    if (finite) {
      codes = codes_of_block(x, scales);
    } else {
      scales = _mm_set1_ps(__builtin_nanf(""));
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(row.codes + b * columns), codes);
    const __m256i lane_sums = lane_sums_of(codes);
    const __m128i first = _mm256_castsi256_si128(lane_sums);
    const __m128i second = _mm256_extracti128_si256(lane_sums, 1);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(row.lane_sums + 2 * quantise_lane_sums * b),
                     _mm_unpacklo_epi32(first, second));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(row.scales + 2 * b),
                     _mm_castps_si128(_mm_shuffle_ps(scales, scales, _MM_SHUFFLE(2, 0, 2, 0))));
    // [s0, s0, s1, s1] to the dword of s0 and s1.
    const __m128i whole_numbers = _mm_cvtps_epi32(whole);
    const __m128i steps =
        _mm_shufflelo_epi16(_mm_packs_epi32(whole_numbers, whole_numbers), _MM_SHUFFLE(2, 0, 2, 0));
    row.steps[b] = finite ? _mm_cvtsi128_si32(steps) : 0;
    row.sums[b] =
        _mm_cvtss_f32(_mm_cvtepi32_ps(_mm_madd_epi16(_mm_add_epi16(first, second), steps)));
  }
}

}  // namespace espalier::kernels::avx2
