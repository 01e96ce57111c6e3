// Pointers and plain structs only in this file: isa_functions.h says why.
#include <immintrin.h>

#include <cstddef>

namespace espalier::kernels::avx2 {

// vpmaddubsw and the addition of its int16 sums.
double multiply_registers(std::size_t steps) noexcept {
  constexpr int chains = 10;
  const __m256i w = _mm256_set1_epi8(3);
  __m256i x = _mm256_set1_epi8(-2);
  __m256i sums[chains] = {};
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 10
    for (__m256i& sum : sums) {
      asm volatile("" : "+x"(x));  // else the product would be formed once
      sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(w, x));
      asm volatile("" : "+x"(sum));
    }
  }
  return 2.0 * 32 * chains * static_cast<double>(steps);
}

}  // namespace espalier::kernels::avx2
