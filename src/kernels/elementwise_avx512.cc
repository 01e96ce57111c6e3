#include "kernels/elementwise_lanes.h"
#include "kernels/elementwise_rows.h"
#include "kernels/lanes_avx512.h"

namespace espalier::kernels::avx512 {

void rms_norm_row(const float* x, const float* weight, float eps, float* y,
                  std::size_t width) noexcept {
  rms_norm_lanes<Lanes>(x, weight, eps, y, width);
}

void rope_row(float* x, std::size_t heads, std::size_t head_size, const float* cos,
              const float* sin) noexcept {
  rope_lanes<Lanes>(x, heads, head_size, cos, sin);
}

void swiglu_row(const float* gate, const float* up, float* y, std::size_t width) noexcept {
  swiglu_lanes<Lanes>(gate, up, y, width);
}

void geglu_row(const float* gate, const float* up, float* y, std::size_t width) noexcept {
  geglu_lanes<Lanes>(gate, up, y, width);
}

void add_row(const float* x, float* y, std::size_t width) noexcept {
  add_lanes<Lanes>(x, y, width);
}

float largest_row(const float* x, std::size_t width) noexcept {
  return largest_lanes<Lanes>(x, width);
}

void softmax_row(float* x, float temperature, std::size_t width) noexcept {
  softmax_lanes<Lanes>(x, temperature, width);
}

}  // namespace espalier::kernels::avx512
