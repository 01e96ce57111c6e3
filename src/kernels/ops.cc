#include "kernels/ops.h"

#include <fmt/format.h>

#include "espalier/error.h"
#include "kernels/isa_functions.h"

namespace espalier::kernels {
namespace {

constexpr Ops scalar_ops = {.isa = base::Isa::scalar,
                            .quantise_rows = scalar::quantise_rows,
                            .matmul_quantised = scalar::matmul_quantised,
                            .matmul_float = scalar::matmul_float,
                            .rms_norm = scalar::rms_norm,
                            .rope = scalar::rope,
                            .swiglu = scalar::swiglu,
                            .geglu = scalar::geglu,
                            .add = scalar::add,
                            .largest = scalar::largest,
                            .softmax = scalar::softmax,
                            .kv_store = scalar::kv_store,
                            .attention = scalar::attention,
                            .attention_merge = scalar::attention_merge,
                            .multiply_registers = scalar::multiply_registers};

#if defined(__x86_64__)
constexpr Ops avx2_ops = {.isa = base::Isa::avx2,
                          .quantise_rows = avx2::quantise_rows,
                          .matmul_quantised = avx2::matmul_quantised,
                          .matmul_float = avx2::matmul_float,
                          .rms_norm = avx2::rms_norm,
                          .rope = avx2::rope,
                          .swiglu = avx2::swiglu,
                          .geglu = avx2::geglu,
                          .add = avx2::add,
                          .largest = avx2::largest,
                          .softmax = avx2::softmax,
                          .kv_store = avx2::kv_store,
                          .attention = avx2::attention,
                          .attention_merge = avx2::attention_merge,
                          .multiply_registers = avx2::multiply_registers};

constexpr Ops avx512_ops = {.isa = base::Isa::avx512,
                            .quantise_rows = avx512::quantise_rows,
                            .matmul_quantised = avx512::matmul_quantised,
                            .matmul_float = avx512::matmul_float,
                            .rms_norm = avx512::rms_norm,
                            .rope = avx512::rope,
                            .swiglu = avx512::swiglu,
                            .geglu = avx512::geglu,
                            .add = avx512::add,
                            .largest = avx512::largest,
                            .softmax = avx512::softmax,
                            .kv_store = avx512::kv_store,
                            .attention = avx512::attention,
                            .attention_merge = avx512::attention_merge,
                            .multiply_registers = avx512::multiply_registers};

constexpr const Ops* tables[] = {&scalar_ops, &avx2_ops, &avx512_ops};
#else
constexpr const Ops* tables[] = {&scalar_ops};
#endif

}  // namespace

const Ops& ops_for(base::Isa isa) {
  if (!base::is_available(isa)) {
    throw InvalidArgument(fmt::format("instruction set {}: this machine offers at most {}",
                                      base::name(isa), base::name(base::available_isas().back())));
  }
  for (const Ops* ops : tables) {
    if (ops->isa == isa) return *ops;
  }
  throw InvalidArgument(
      fmt::format("instruction set {}: this build has no kernels for it", base::name(isa)));
}

}  // namespace espalier::kernels
