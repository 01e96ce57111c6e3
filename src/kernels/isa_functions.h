// The functions behind the tables of ops.h: the same names in one namespace per instruction set.
//
// Only ops.cc and tests include this. Files compiled for an instruction set (…_avx2.cc,
// …_avx512.cc) must leave no inline function of a shared header behind as a weak symbol: the linker
// keeps one copy for the whole program and might keep theirs, which dies on an older machine. So
// those files see pointers and plain structs only; what takes a std::span, a Rows or a PackedMatrix
// apart is compiled for the oldest machine.
//
// avx2 and avx512 are defined in builds for x86-64 only.
#pragma once

#include "kernels/attention.h"
#include "kernels/elementwise.h"
#include "kernels/kv_page.h"
#include "kernels/matmul.h"
#include "kernels/multiply_registers.h"
#include "kernels/quantised_rows.h"

namespace espalier::kernels {

namespace scalar {
QuantiseRowsFn quantise_rows;
MatmulQuantisedFn matmul_quantised;
MatmulFloatFn matmul_float;
RmsNormFn rms_norm;
RopeFn rope;
SwigluFn swiglu;
GegluFn geglu;
AddFn add;
LargestFn largest;
SoftmaxFn softmax;
KvStoreFn kv_store;
AttentionFn attention;
AttentionMergeFn attention_merge;
MultiplyRegistersFn multiply_registers;
}  // namespace scalar

namespace avx2 {
QuantiseRowsFn quantise_rows;
MatmulQuantisedFn matmul_quantised;
MatmulFloatFn matmul_float;
RmsNormFn rms_norm;
RopeFn rope;
SwigluFn swiglu;
GegluFn geglu;
AddFn add;
LargestFn largest;
SoftmaxFn softmax;
KvStoreFn kv_store;
AttentionFn attention;
AttentionMergeFn attention_merge;
MultiplyRegistersFn multiply_registers;
}  // namespace avx2

namespace avx512 {
QuantiseRowsFn quantise_rows;
MatmulQuantisedFn matmul_quantised;
MatmulFloatFn matmul_float;
RmsNormFn rms_norm;
RopeFn rope;
SwigluFn swiglu;
GegluFn geglu;
AddFn add;
LargestFn largest;
SoftmaxFn softmax;
KvStoreFn kv_store;
AttentionFn attention;
AttentionMergeFn attention_merge;
MultiplyRegistersFn multiply_registers;
}  // namespace avx512

}  // namespace espalier::kernels
