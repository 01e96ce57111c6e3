// What the ops of elementwise.h come down to: one row, as pointers and counts.
//
// Files compiled for an instruction set include this and no class with inline members;
// isa_functions.h says why. elementwise.cc walks the rows.
#pragma once

#include <cstddef>

namespace espalier::kernels {

// x, weight, y [D]; y may be x.
using RmsNormRowFn = void(const float* x, const float* weight, float eps, float* y,
                          std::size_t width) noexcept;
// x [heads * head_size]; cos, sin [head_size / 2].
using RopeRowFn = void(float* x, std::size_t heads, std::size_t head_size, const float* cos,
                       const float* sin) noexcept;
// gate, up, y [F].
using GatedRowFn = void(const float* gate, const float* up, float* y, std::size_t width) noexcept;
// x, y [D].
using AddRowFn = void(const float* x, float* y, std::size_t width) noexcept;
using LargestRowFn = float(const float* x, std::size_t width) noexcept;
using SoftmaxRowFn = void(float* x, float temperature, std::size_t width) noexcept;

namespace scalar {
RmsNormRowFn rms_norm_row;
RopeRowFn rope_row;
GatedRowFn swiglu_row;
GatedRowFn geglu_row;
AddRowFn add_row;
LargestRowFn largest_row;
SoftmaxRowFn softmax_row;
}  // namespace scalar

namespace avx2 {
RmsNormRowFn rms_norm_row;
RopeRowFn rope_row;
GatedRowFn swiglu_row;
GatedRowFn geglu_row;
AddRowFn add_row;
LargestRowFn largest_row;
SoftmaxRowFn softmax_row;
}  // namespace avx2

namespace avx512 {
RmsNormRowFn rms_norm_row;
RopeRowFn rope_row;
GatedRowFn swiglu_row;
GatedRowFn geglu_row;
AddRowFn add_row;
LargestRowFn largest_row;
SoftmaxRowFn softmax_row;
}  // namespace avx512

}  // namespace espalier::kernels
