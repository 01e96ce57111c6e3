// exp as exp_polynomial.h describes it, on the 16 lanes of an instruction set (lanes_avx2.h,
// lanes_avx512.h).
#pragma once

#include "kernels/exp_polynomial.h"

namespace espalier::kernels {

template <class L>
[[gnu::always_inline]] inline L exp(L x) noexcept {
  const L one = L::broadcast(1.0F);
  const L bounded = L::min(L::broadcast(exp_highest), x);
  const L round = L::broadcast(exp_round);
  const L shifted = L::fma(bounded, L::broadcast(exp_per_ln2), round);
  const L n = shifted - round;
  L r = L::fnma(n, L::broadcast(exp_ln2_high), bounded);
  r = L::fnma(n, L::broadcast(exp_ln2_low), r);
  L tail = L::fma(L::broadcast(exp_c6), r, L::broadcast(exp_c5));
  tail = L::fma(tail, r, L::broadcast(exp_c4));
  tail = L::fma(tail, r, L::broadcast(exp_c3));
  tail = L::fma(tail, r, L::broadcast(exp_c2));
  const L result = one + L::fma(r * r, tail, r);
  return L::zero_below(L::broadcast(exp_lowest), x, result * L::power_of_two(shifted));
}

}  // namespace espalier::kernels
