// The ops of elementwise_rows.h on 16 lanes (lanes_avx2.h, lanes_avx512.h). A row's last, partial
// vector is masked: lanes beyond the end read nothing, add zero and write nothing.
#pragma once

#include <cstddef>

#include "kernels/exp_lanes.h"
#include "kernels/gelu.h"

namespace espalier::kernels {

// Calls whole(i) for each full vector of 16 in [0, width), then part(i, mask) for what is left.
template <class L, class Whole, class Part>
[[gnu::always_inline]] inline void each_vector(std::size_t width, Whole whole, Part part) {
  std::size_t i = 0;
  for (; i + 16 <= width; i += 16) whole(i);
  if (i < width) part(i, L::lanes(0, width - i));
}

template <class L>
void rms_norm_lanes(const float* x, const float* weight, float eps, float* y, std::size_t width) {
  L squares = L::zero();
  each_vector<L>(
      width,
      [&](std::size_t i) {
        const L value = L::load(x + i);
        squares = L::fma(value, value, squares);
      },
      [&](std::size_t i, typename L::Mask mask) {
        const L value = L::load(x + i, mask);
        squares = L::fma(value, value, squares);
      });
  const float mean = squares.sum() / static_cast<float>(width);
  const L factor = L::broadcast(1.0F / L::square_root(mean + eps));
  each_vector<L>(
      width, [&](std::size_t i) { (L::load(x + i) * factor * L::load(weight + i)).store(y + i); },
      [&](std::size_t i, typename L::Mask mask) {
        (L::load(x + i, mask) * factor * L::load(weight + i, mask)).store(y + i, mask);
      });
}

template <class L>
void rope_lanes(float* x, std::size_t heads, std::size_t head_size, const float* cos,
                const float* sin) {
  const std::size_t half = head_size / 2;
  for (std::size_t head = 0; head < heads; ++head, x += head_size) {
    float* y = x + half;
    each_vector<L>(
        half,
        [&](std::size_t i) {
          const L a = L::load(x + i), b = L::load(y + i);
          const L c = L::load(cos + i), s = L::load(sin + i);
          L::fms(a, c, b * s).store(x + i);
          L::fma(b, c, a * s).store(y + i);
        },
        [&](std::size_t i, typename L::Mask mask) {
          const L a = L::load(x + i, mask), b = L::load(y + i, mask);
          const L c = L::load(cos + i, mask), s = L::load(sin + i, mask);
          L::fms(a, c, b * s).store(x + i, mask);
          L::fma(b, c, a * s).store(y + i, mask);
        });
  }
}

template <class L>
[[gnu::always_inline]] inline L swiglu(L gate, L up) {
  return gate / (L::broadcast(1.0F) + exp(L::zero() - gate)) * up;
}

template <class L>
void swiglu_lanes(const float* gate, const float* up, float* y, std::size_t width) {
  each_vector<L>(
      width, [&](std::size_t i) { swiglu(L::load(gate + i), L::load(up + i)).store(y + i); },
      [&](std::size_t i, typename L::Mask mask) {
        swiglu(L::load(gate + i, mask), L::load(up + i, mask)).store(y + i, mask);
      });
}

template <class L>
[[gnu::always_inline]] inline L geglu(L gate, L up) {
  const L slope = L::fma(gate * gate, L::broadcast(gelu_cubic), L::broadcast(gelu_linear));
  return gate / (L::broadcast(1.0F) + exp(L::zero() - gate * slope)) * up;
}

template <class L>
void geglu_lanes(const float* gate, const float* up, float* y, std::size_t width) {
  each_vector<L>(
      width, [&](std::size_t i) { geglu(L::load(gate + i), L::load(up + i)).store(y + i); },
      [&](std::size_t i, typename L::Mask mask) {
        geglu(L::load(gate + i, mask), L::load(up + i, mask)).store(y + i, mask);
      });
}

template <class L>
void add_lanes(const float* x, float* y, std::size_t width) {
  each_vector<L>(
      width, [&](std::size_t i) { (L::load(y + i) + L::load(x + i)).store(y + i); },
      [&](std::size_t i, typename L::Mask mask) {
        (L::load(y + i, mask) + L::load(x + i, mask)).store(y + i, mask);
      });
}

template <class L>
float largest_lanes(const float* x, std::size_t width) {
  const L nothing = L::broadcast(-__builtin_inff());
  L largest = nothing;
  each_vector<L>(
      width, [&](std::size_t i) { largest = L::max(largest, L::load(x + i)); },
      [&](std::size_t i, typename L::Mask mask) {
        largest = L::max(largest, L::select(mask, L::load(x + i, mask), nothing));
      });
  return largest.largest();
}

template <class L>
void softmax_lanes(float* x, float temperature, std::size_t width) {
  const L maximum = L::broadcast(largest_lanes<L>(x, width)), t = L::broadcast(temperature);
  L sums = L::zero();
  each_vector<L>(
      width,
      [&](std::size_t i) {
        const L value = exp((L::load(x + i) - maximum) / t);
        sums = sums + value;
        value.store(x + i);
      },
      [&](std::size_t i, typename L::Mask mask) {
        const L value = exp((L::load(x + i, mask) - maximum) / t);
        sums = sums + L::select(mask, value, L::zero());
        value.store(x + i, mask);
      });
  const L sum = L::broadcast(sums.sum());
  each_vector<L>(
      width, [&](std::size_t i) { (L::load(x + i) / sum).store(x + i); },
      [&](std::size_t i, typename L::Mask mask) {
        (L::load(x + i, mask) / sum).store(x + i, mask);
      });
}

}  // namespace espalier::kernels
