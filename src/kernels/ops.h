// The kernels of one instruction set, as a table: run-time dispatch happens here and nowhere else.
//
//   const Ops& ops = ops_for(base::chosen_isa());
//   ops.rms_norm(x, weight, eps, y);
//
// An engine keeps the table it was made with, so tests run engines of several sets side by side.
#pragma once

#include "base/cpu_features.h"
#include "kernels/attention.h"
#include "kernels/elementwise.h"
#include "kernels/kv_page.h"
#include "kernels/matmul.h"
#include "kernels/multiply_registers.h"
#include "kernels/quantised_rows.h"

namespace espalier::kernels {

struct Ops {
  base::Isa isa;
  QuantiseRowsFn* quantise_rows;
  MatmulQuantisedFn* matmul_quantised;
  MatmulFloatFn* matmul_float;
  RmsNormFn* rms_norm;
  RopeFn* rope;
  SwigluFn* swiglu;
  GegluFn* geglu;
  AddFn* add;
  LargestFn* largest;
  SoftmaxFn* softmax;
  KvStoreFn* kv_store;
  AttentionFn* attention;
  AttentionMergeFn* attention_merge;
  MultiplyRegistersFn* multiply_registers;
};

// Throws InvalidArgument where this build or this machine lacks the set.
const Ops& ops_for(base::Isa isa);

}  // namespace espalier::kernels
