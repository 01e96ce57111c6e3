// Pointers and plain structs only in this file: isa_functions.h says why.
#include <immintrin.h>

#include <cstddef>

namespace espalier::kernels::avx512 {

// vpdpbusd.
double multiply_registers(std::size_t steps) noexcept {
  constexpr int chains = 12;
  const __m512i w = _mm512_set1_epi8(3);
  const __m512i x = _mm512_set1_epi8(-2);
  __m512i sums[chains] = {};
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (__m512i& sum : sums) {
      sum = _mm512_dpbusd_epi32(sum, w, x);
      asm volatile("" : "+v"(sum));  // equal chains are still twelve
    }
  }
  return 2.0 * 64 * chains * static_cast<double>(steps);
}

}  // namespace espalier::kernels::avx512
