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

inline std::string isa_name(const ::testing::TestParamInfo<base::Isa>& info) {
  return std::string(base::name(info.param));
}

}  // namespace espalier::kernels::testing
