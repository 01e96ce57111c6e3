// The packed areas of tensor/packed_matrix.h as AVX2 registers: codes, scales and minima of 8 rows,
// half a group. Only files compiled for AVX2 include this.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/matmul_args.h"
#include "tensor/quant_format.h"

namespace espalier::kernels::avx2 {
namespace {

using tensor::DType;
using tensor::QuantFormat;

constexpr std::size_t vector_bytes = 64;  // of all 16 rows
constexpr std::size_t half_vector_bytes = 32;
constexpr std::size_t lanes = 8;
constexpr std::size_t halves_bytes = matmul_group_rows * sizeof(std::uint16_t);

template <DType Type>
constexpr QuantFormat format_of = tensor::quant_format(Type);
// Columns of w that share a scale come in runs; a block of 32 is one or two.
template <DType Type>
constexpr std::size_t runs = matmul_block / format_of<Type>.scale_elements;
// Planes of nibbles that count differently and are summed apart.
template <DType Type>
constexpr std::size_t planes = format_of<Type>.bits == 8 ? 2 : 1;

[[gnu::always_inline]] inline __m256 load_halves(const std::byte* at) noexcept {
  return _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(at)));
}

// Bit `From` of each byte moves to bit `To`; other bits go astray, into neighbouring bytes as well.
template <std::size_t From, std::size_t To>
[[gnu::always_inline]] inline __m256i move_bits(__m256i v) noexcept {
  if constexpr (From < To) return _mm256_slli_epi16(v, To - From);
  if constexpr (From > To) return _mm256_srli_epi16(v, From - To);
  return v;
}

[[gnu::always_inline]] inline __m256i mask_bytes(__m256i v, int mask) noexcept {
  return _mm256_and_si256(v, _mm256_set1_epi8(static_cast<char>(mask)));
}

// The unsigned codes k = 16 H + 4 J … 16 H + 4 J + 3 of a block, of 8 rows; of 8-bit codes, the
// lower nibble (plane 0) or the upper one.
template <DType Type, std::size_t H, std::size_t J, std::size_t Plane>
[[gnu::always_inline]] inline __m256i load_codes(const std::byte* block) noexcept {
  constexpr QuantFormat format = format_of<Type>;
  constexpr std::size_t low_bits = format.low_bits();
  const auto vector = [block](std::size_t v) __attribute__((always_inline)) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(block + v * vector_bytes));
  };
  if constexpr (low_bits == 8) {
    const __m256i codes = _mm256_xor_si256(vector(4 * H + J), _mm256_set1_epi8(-128));
    return mask_bytes(move_bits<4 * Plane, 0>(codes), 15);
  } else {
    constexpr int low_mask = (1 << low_bits) - 1;
    const __m256i low = mask_bytes(
        low_bits == 4 ? move_bits<4 * H, 0>(vector(J)) : move_bits<2 * J, 0>(vector(H)), low_mask);
    if constexpr (format.high_bits == 0) return low;
    constexpr int high_mask = (1 << format.bits) - 1 - low_mask;
    const __m256i high = format.high_bits == 1 ? move_bits<4 * H + J, low_bits>(vector(low_bits))
                                               : move_bits<2 * J, low_bits>(vector(low_bits + H));
    return _mm256_or_si256(low, mask_bytes(high, high_mask));
  }
}

// What a run of columns is multiplied with, for 8 rows. Exact.
struct Scales {
  __m256 scale;
  __m256 minimum;  // where the dtype has minima; the negative one where it has block_scales
};

// Run `r` of block b, rows `row` to `row` + 7 of the group.
template <DType Type>
[[gnu::always_inline]] inline Scales load_scales(const QuantisedMatmul& m, const std::byte* group,
                                                 std::size_t b, std::size_t r,
                                                 std::size_t row) noexcept {
  constexpr QuantFormat format = format_of<Type>;
  const std::size_t run = b * runs<Type> + r;
  const auto halves = [group, row](std::size_t area, std::size_t i) __attribute__((always_inline)) {
    return load_halves(group + area + i * halves_bytes + row * sizeof(std::uint16_t));
  };
  Scales scales{};
  if constexpr (!format.block_scales) {
    scales.scale = halves(m.scales_offset, run);
    if constexpr (format.has_minima) scales.minimum = halves(m.minima_offset, run);
  } else {
    const auto bytes = [group, run, row](std::size_t area) __attribute__((always_inline)) {
      const std::byte* at = group + area + run * matmul_group_rows + row;
      return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at)));
    };
    // From b, which both runs share: computed from the run, GCC would load them twice.
    constexpr std::size_t blocks = tensor::info(Type).block_elements / matmul_block;
    const std::size_t block = b / blocks;
    __m256i scale = bytes(m.scales_offset);
    if constexpr (format.has_minima) {
      __m256i minimum;
      if constexpr (Type == DType::q2_k) {
        minimum = _mm256_and_si256(_mm256_srli_epi32(scale, 4), _mm256_set1_epi32(15));
        scale = _mm256_and_si256(scale, _mm256_set1_epi32(15));
      } else {
        minimum = bytes(m.minima_offset);
      }
      scales.minimum =
          _mm256_mul_ps(halves(m.block_minima_offset, block), _mm256_cvtepi32_ps(minimum));
    }
    scales.scale = _mm256_mul_ps(halves(m.block_scales_offset, block), _mm256_cvtepi32_ps(scale));
  }
  return scales;
}

}  // namespace
}  // namespace espalier::kernels::avx2
