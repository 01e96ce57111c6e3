// The reference: plain loops in the order that elementwise.h promises.
#include <array>
#include <cmath>
#include <limits>

#include "kernels/elementwise_rows.h"
#include "kernels/exp_scalar.h"
#include "kernels/gelu.h"

namespace espalier::kernels::scalar {
namespace {

using Lanes = std::array<float, 16>;

// Lane i with lane i + 8, then 4, 2 and 1 apart.
float sum_of(Lanes lanes) {
  for (std::size_t apart = 8; apart > 0; apart /= 2) {
    for (std::size_t i = 0; i < apart; ++i) lanes[i] += lanes[i + apart];
  }
  return lanes[0];
}

}  // namespace

void rms_norm_row(const float* x, const float* weight, float eps, float* y,
                  std::size_t width) noexcept {
  Lanes squares{};
  for (std::size_t i = 0; i < width; ++i) squares[i % 16] += x[i] * x[i];
  const float mean = sum_of(squares) / static_cast<float>(width);
  const float factor = 1.0F / std::sqrt(mean + eps);
  for (std::size_t i = 0; i < width; ++i) y[i] = x[i] * factor * weight[i];
}

void rope_row(float* x, std::size_t heads, std::size_t head_size, const float* cos,
              const float* sin) noexcept {
  const std::size_t half = head_size / 2;
  for (std::size_t head = 0; head < heads; ++head, x += head_size) {
    for (std::size_t i = 0; i < half; ++i) {
      const float a = x[i];
      const float b = x[i + half];
      x[i] = a * cos[i] - b * sin[i];
      x[i + half] = b * cos[i] + a * sin[i];
    }
  }
}

void swiglu_row(const float* gate, const float* up, float* y, std::size_t width) noexcept {
  for (std::size_t i = 0; i < width; ++i) y[i] = gate[i] / (1.0F + exp(-gate[i])) * up[i];
}

void geglu_row(const float* gate, const float* up, float* y, std::size_t width) noexcept {
  for (std::size_t i = 0; i < width; ++i) {
    const float x = gate[i];
    const float twice = x * (gelu_linear + gelu_cubic * (x * x));
    y[i] = x / (1.0F + exp(-twice)) * up[i];
  }
}

void add_row(const float* x, float* y, std::size_t width) noexcept {
  for (std::size_t i = 0; i < width; ++i) y[i] += x[i];
}

float largest_row(const float* x, std::size_t width) noexcept {
  float largest = -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < width; ++i) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

void softmax_row(float* x, float temperature, std::size_t width) noexcept {
  const float largest = largest_row(x, width);
  Lanes sums{};
  for (std::size_t i = 0; i < width; ++i) {
    x[i] = exp((x[i] - largest) / temperature);
    sums[i % 16] += x[i];
  }
  const float sum = sum_of(sums);
  for (std::size_t i = 0; i < width; ++i) x[i] /= sum;
}

}  // namespace espalier::kernels::scalar
