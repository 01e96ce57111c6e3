// Tests and benchmarks that run once per instruction set. One that this machine lacks is named and
// skipped, never passed over.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/cpu_features.h"
#include "kernels/isa_functions.h"

namespace espalier::kernels::testing {

struct MatmulFunctions {
  QuantiseRowsFn* quantise_rows;
  MatmulQuantisedFn* matmul_quantised;
  MatmulFloatFn* matmul_float;
};

inline MatmulFunctions matmul_functions(base::Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case base::Isa::avx512:
      return {avx512::quantise_rows, avx512::matmul_quantised, avx512::matmul_float};
    case base::Isa::avx2:
      return {avx2::quantise_rows, avx2::matmul_quantised, avx2::matmul_float};
#endif
    default:
      return {scalar::quantise_rows, scalar::matmul_quantised, scalar::matmul_float};
  }
}

class EachIsa : public ::testing::TestWithParam<base::Isa> {
 protected:
  void SetUp() override {
    if (!base::is_available(GetParam())) {
      GTEST_SKIP() << "this machine lacks " << base::name(GetParam());
    }
  }
};

inline std::string isa_name(const ::testing::TestParamInfo<base::Isa>& info) {
  return std::string(base::name(info.param));
}

}  // namespace espalier::kernels::testing
