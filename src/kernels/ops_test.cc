#include "kernels/ops.h"

#include <gmock/gmock.h>

#include <string>

#include "espalier/error.h"

namespace espalier::kernels {
namespace {

TEST(Ops, EveryAvailableSetHasACompleteTable) {
  for (base::Isa isa : base::available_isas()) {
    const Ops& ops = ops_for(isa);
    EXPECT_EQ(ops.isa, isa);
    EXPECT_TRUE(ops.quantise_rows != nullptr && ops.matmul_quantised != nullptr &&
                ops.matmul_float != nullptr && ops.rms_norm != nullptr && ops.rope != nullptr &&
                ops.swiglu != nullptr && ops.geglu != nullptr && ops.add != nullptr &&
                ops.softmax != nullptr && ops.kv_store != nullptr && ops.attention != nullptr &&
                ops.multiply_registers != nullptr)
        << base::name(isa);
    EXPECT_GT(ops.multiply_registers(1), 0) << base::name(isa);
    EXPECT_EQ(ops.multiply_registers(7), 7 * ops.multiply_registers(1)) << base::name(isa);
  }
}

TEST(Ops, ASetThatTheMachineLacksIsRefusedByName) {
  for (base::Isa isa : base::all_isas) {
    if (base::is_available(isa)) continue;
    try {
      ops_for(isa);
      FAIL() << base::name(isa);
    } catch (const InvalidArgument& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(std::string(base::name(isa))));
    }
  }
  EXPECT_THROW(ops_for(static_cast<base::Isa>(99)), InvalidArgument);
}

}  // namespace
}  // namespace espalier::kernels
