// The contracts of elementwise.h, taken apart into rows for the instruction sets.
#include "kernels/elementwise.h"

#include <cassert>

#include "kernels/elementwise_rows.h"
#include "kernels/isa_functions.h"

namespace espalier::kernels {
namespace {

using tensor::Rows;

void each_row(RmsNormRowFn* op, Rows<const float> x, std::span<const float> weight, float eps,
              Rows<float> y) noexcept {
  assert(x.rows() == y.rows() && x.cols() == y.cols() && weight.size() == x.cols());
  for (std::size_t t = 0; t < x.rows(); ++t) {
    op(x.row(t).data(), weight.data(), eps, y.row(t).data(), x.cols());
  }
}

void each_row(RopeRowFn* op, Rows<float> x, std::size_t heads, std::size_t head_size,
              Rows<const float> cos, Rows<const float> sin) noexcept {
  assert(head_size % 2 == 0 && heads * head_size <= x.cols());
  assert(cos.rows() == x.rows() && sin.rows() == x.rows());
  assert(cos.cols() == head_size / 2 && sin.cols() == head_size / 2);
  for (std::size_t t = 0; t < x.rows(); ++t) {
    op(x.row(t).data(), heads, head_size, cos.row(t).data(), sin.row(t).data());
  }
}

void each_row(GatedRowFn* op, Rows<const float> gate_up, Rows<float> y) noexcept {
  assert(gate_up.rows() == y.rows() && gate_up.cols() == 2 * y.cols());
  for (std::size_t t = 0; t < y.rows(); ++t) {
    const float* gate = gate_up.row(t).data();
    op(gate, gate + y.cols(), y.row(t).data(), y.cols());
  }
}

void each_row(AddRowFn* op, Rows<const float> x, Rows<float> y) noexcept {
  assert(x.rows() == y.rows() && x.cols() == y.cols());
  for (std::size_t t = 0; t < x.rows(); ++t) op(x.row(t).data(), y.row(t).data(), x.cols());
}

}  // namespace

namespace scalar {
void rms_norm(Rows<const float> x, std::span<const float> weight, float eps,
              Rows<float> y) noexcept {
  each_row(rms_norm_row, x, weight, eps, y);
}
void rope(Rows<float> x, std::size_t heads, std::size_t head_size, Rows<const float> cos,
          Rows<const float> sin) noexcept {
  each_row(rope_row, x, heads, head_size, cos, sin);
}
void swiglu(Rows<const float> gate_up, Rows<float> y) noexcept { each_row(swiglu_row, gate_up, y); }
void geglu(Rows<const float> gate_up, Rows<float> y) noexcept { each_row(geglu_row, gate_up, y); }
void add(Rows<const float> x, Rows<float> y) noexcept { each_row(add_row, x, y); }
float largest(std::span<const float> x) noexcept { return largest_row(x.data(), x.size()); }
void softmax(std::span<float> x, float temperature) noexcept {
  softmax_row(x.data(), temperature, x.size());
}
}  // namespace scalar

#if defined(__x86_64__)
namespace avx2 {
void rms_norm(Rows<const float> x, std::span<const float> weight, float eps,
              Rows<float> y) noexcept {
  each_row(rms_norm_row, x, weight, eps, y);
}
void rope(Rows<float> x, std::size_t heads, std::size_t head_size, Rows<const float> cos,
          Rows<const float> sin) noexcept {
  each_row(rope_row, x, heads, head_size, cos, sin);
}
void swiglu(Rows<const float> gate_up, Rows<float> y) noexcept { each_row(swiglu_row, gate_up, y); }
void geglu(Rows<const float> gate_up, Rows<float> y) noexcept { each_row(geglu_row, gate_up, y); }
void add(Rows<const float> x, Rows<float> y) noexcept { each_row(add_row, x, y); }
float largest(std::span<const float> x) noexcept { return largest_row(x.data(), x.size()); }
void softmax(std::span<float> x, float temperature) noexcept {
  softmax_row(x.data(), temperature, x.size());
}
}  // namespace avx2

namespace avx512 {
void rms_norm(Rows<const float> x, std::span<const float> weight, float eps,
              Rows<float> y) noexcept {
  each_row(rms_norm_row, x, weight, eps, y);
}
void rope(Rows<float> x, std::size_t heads, std::size_t head_size, Rows<const float> cos,
          Rows<const float> sin) noexcept {
  each_row(rope_row, x, heads, head_size, cos, sin);
}
void swiglu(Rows<const float> gate_up, Rows<float> y) noexcept { each_row(swiglu_row, gate_up, y); }
void geglu(Rows<const float> gate_up, Rows<float> y) noexcept { each_row(geglu_row, gate_up, y); }
void add(Rows<const float> x, Rows<float> y) noexcept { each_row(add_row, x, y); }
float largest(std::span<const float> x) noexcept { return largest_row(x.data(), x.size()); }
void softmax(std::span<float> x, float temperature) noexcept {
  softmax_row(x.data(), temperature, x.size());
}
}  // namespace avx512
#endif

}  // namespace espalier::kernels
