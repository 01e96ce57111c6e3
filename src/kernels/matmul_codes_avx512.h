// The packed areas of tensor/packed_matrix.h as AVX-512 registers: codes, scales and minima of 16
// rows. Only files compiled for AVX-512 include this.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/matmul_args.h"
#include "tensor/quant_format.h"

namespace espalier::kernels::avx512 {
namespace {

using tensor::DType;
using tensor::QuantFormat;

constexpr std::size_t vector_bytes = 64;
constexpr std::size_t lanes = 16;
constexpr std::size_t halves_bytes = lanes * sizeof(std::uint16_t);

template <DType Type>
constexpr QuantFormat format_of = tensor::quant_format(Type);
// Columns of w that share a scale come in runs; a block of 32 is one or two.
template <DType Type>
constexpr std::size_t runs = matmul_block / format_of<Type>.scale_elements;

[[gnu::always_inline]] inline __m512 load_halves(const std::byte* at) noexcept {
  return _mm512_cvtph_ps(_mm256_load_si256(reinterpret_cast<const __m256i*>(at)));
}

// Bit `From` of each byte moves to bit `To`; other bits go astray, into neighbouring bytes as well.
template <std::size_t From, std::size_t To>
[[gnu::always_inline]] inline __m512i move_bits(__m512i v) noexcept {
  if constexpr (From < To) return _mm512_slli_epi16(v, To - From);
  if constexpr (From > To) return _mm512_srli_epi16(v, From - To);
  return v;
}

// The unsigned codes k = 16 H + 4 J … 16 H + 4 J + 3 of a block, of 16 rows.
template <DType Type, std::size_t H, std::size_t J>
[[gnu::always_inline]] inline __m512i load_codes(const std::byte* block) noexcept {
  constexpr QuantFormat format = format_of<Type>;
  constexpr std::size_t low_bits = format.low_bits();
  const auto vector = [block](std::size_t v) __attribute__((always_inline)) {
    return _mm512_load_si512(block + v * vector_bytes);
  };
  if constexpr (low_bits == 8) {
    return _mm512_xor_si512(vector(4 * H + J), _mm512_set1_epi8(-128));
  } else {
    const __m512i mask = _mm512_set1_epi8((1 << format.bits) - 1);
    const __m512i low =
        low_bits == 4 ? move_bits<4 * H, 0>(vector(J)) : move_bits<2 * J, 0>(vector(H));
    if constexpr (format.high_bits == 0) return _mm512_and_si512(low, mask);
    const __m512i high = format.high_bits == 1 ? move_bits<4 * H + J, low_bits>(vector(low_bits))
                                               : move_bits<2 * J, low_bits>(vector(low_bits + H));
    constexpr int select = 0xca;  // the second operand where the first has a 1, else the third
    const __m512i low_mask = _mm512_set1_epi8((1 << low_bits) - 1);
    return _mm512_and_si512(_mm512_ternarylogic_epi32(low_mask, low, high, select), mask);
  }
}

// What a run of columns is multiplied with, for 16 rows. Exact.
struct Scales {
  __m512 scale;
  __m512 minimum;  // where the dtype has minima; the negative one where it has block_scales
};

// Run `r` of block b.
template <DType Type>
[[gnu::always_inline]] inline Scales load_scales(const QuantisedMatmul& m, const std::byte* group,
                                                 std::size_t b, std::size_t r) noexcept {
  constexpr QuantFormat format = format_of<Type>;
  const std::size_t run = b * runs<Type> + r;
  Scales scales{};
  if constexpr (!format.block_scales) {
    scales.scale = load_halves(group + m.scales_offset + run * halves_bytes);
    if constexpr (format.has_minima) {
      scales.minimum = load_halves(group + m.minima_offset + run * halves_bytes);
    }
  } else {
    const auto bytes = [group, run](std::size_t area) __attribute__((always_inline)) {
      return _mm_load_si128(reinterpret_cast<const __m128i*>(group + area + run * lanes));
    };
    // From b, which both runs share: computed from the run, GCC would load them twice.
    constexpr std::size_t blocks = tensor::info(Type).block_elements / matmul_block;
    const std::size_t half = b / blocks * halves_bytes;
    const __m512 d = load_halves(group + m.block_scales_offset + half);
    __m512i scale = _mm512_cvtepi8_epi32(bytes(m.scales_offset));
    if constexpr (format.has_minima) {
      __m512i minimum;
      if constexpr (Type == DType::q2_k) {
        minimum = _mm512_and_si512(_mm512_srli_epi32(scale, 4), _mm512_set1_epi32(15));
        scale = _mm512_and_si512(scale, _mm512_set1_epi32(15));
      } else {
        minimum = _mm512_cvtepi8_epi32(bytes(m.minima_offset));
      }
      const __m512 dmin = load_halves(group + m.block_minima_offset + half);
      scales.minimum = _mm512_mul_ps(dmin, _mm512_cvtepi32_ps(minimum));
    }
    scales.scale = _mm512_mul_ps(d, _mm512_cvtepi32_ps(scale));
  }
  return scales;
}

}  // namespace
}  // namespace espalier::kernels::avx512
