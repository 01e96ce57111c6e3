#include <cstddef>

#include "kernels/isa_functions.h"

namespace espalier::kernels::scalar {

double multiply_registers(std::size_t steps) noexcept {
  constexpr std::size_t chains = 8;
  unsigned sums[chains] = {};  // may wrap around
  unsigned w = 3, x = 2;
  for (std::size_t step = 0; step < steps; ++step) {
    for (unsigned& sum : sums) {
      asm volatile("" : "+r"(w), "+r"(x));  // else the compiler would multiply once
      sum += w * x;
    }
  }
  for (unsigned& sum : sums) asm volatile("" : "+r"(sum));  // used, so that the loop stays
  return 2.0 * static_cast<double>(chains) * static_cast<double>(steps);
}

}  // namespace espalier::kernels::scalar
