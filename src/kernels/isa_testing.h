// Tests that run once per instruction set. One that this machine lacks is named and skipped, never
// passed over.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/cpu_features.h"
#include "kernels/isa_functions.h"  // scalar::… is what the other sets are compared with
#include "kernels/ops.h"

namespace espalier::kernels::testing {

class EachIsa : public ::testing::TestWithParam<base::Isa> {
 protected:
  void SetUp() override {
    if (!base::is_available(GetParam())) {
      GTEST_SKIP() << "this machine lacks " << base::name(GetParam());
    }
  }
};

// Which scale of its row column k has, as quantised_rows.h says who shares one.
inline std::size_t scale_index(base::Isa isa, std::size_t k) {
  return k / 32 * 2 + (isa == base::Isa::avx2 ? k % 4 / 2 : k % 32 / 16);
}

inline std::string isa_name(const ::testing::TestParamInfo<base::Isa>& info) {
  return std::string(base::name(info.param));
}

}  // namespace espalier::kernels::testing
