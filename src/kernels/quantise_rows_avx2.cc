// Pointers and plain structs only in this file: isa_functions.h says why.
#include <immintrin.h>

#include <cstring>

#include "kernels/quantise_blocks.h"

namespace espalier::kernels::avx2 {
namespace {

constexpr int vectors = 2;  // registers of 8 floats in a block
constexpr int lanes = 8;

inline std::uint32_t max_of(__m256i v) noexcept {
  __m128i max = _mm_max_epu32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  max = _mm_max_epu32(max, _mm_shuffle_epi32(max, _MM_SHUFFLE(1, 0, 3, 2)));
  max = _mm_max_epu32(max, _mm_shuffle_epi32(max, _MM_SHUFFLE(2, 3, 0, 1)));
  return static_cast<std::uint32_t>(_mm_cvtsi128_si32(max));
}

// max|x| as bits; infinity and NaN come last.
inline std::uint32_t max_magnitude_bits(const float* x) noexcept {
  __m256i max = _mm256_setzero_si256();
  for (int i = 0; i < vectors; ++i) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i * lanes));
    max = _mm256_max_epu32(max, _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff)));
  }
  return max_of(max);
}

// 8 codes as int32: rounded to nearest even (the default mode), clamped.
inline __m256i codes_of(const float* x, __m256 scale) noexcept {
  const __m256i max = _mm256_set1_epi32(static_cast<int>(max_code));
  const __m256i min = _mm256_set1_epi32(-static_cast<int>(max_code));
  const __m256i code = _mm256_cvtps_epi32(_mm256_div_ps(_mm256_loadu_ps(x), scale));
  return _mm256_max_epi32(_mm256_min_epi32(code, max), min);
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
      const __m256 scale8 = _mm256_set1_ps(scale);
      const __m256i words = _mm256_packs_epi32(codes_of(x, scale8), codes_of(x + lanes, scale8));
      // Packing works within 128-bit lanes; the permutation puts the groups of four back in order.
      const __m256i ordered = _mm256_permute4x64_epi64(words, _MM_SHUFFLE(3, 1, 2, 0));
      block =
          _mm_packs_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1));
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

}  // namespace espalier::kernels::avx2
