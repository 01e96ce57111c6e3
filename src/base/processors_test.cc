#include "base/processors.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <fstream>
#include <vector>

namespace espalier::base {
namespace {

class Processors : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void siblings(int id, const char* list) const {
    const auto topology = folder_ / ("cpu" + std::to_string(id)) / "topology";
    std::filesystem::create_directories(topology);
    std::ofstream(topology / "thread_siblings_list") << list << '\n';
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) /
      ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(Processors, ThoseOfOneCoreCountOnce) {
  siblings(0, "0,2");
  siblings(1, "1,3");
  siblings(2, "0,2");
  siblings(3, "1,3");
  EXPECT_EQ(count_cores(folder_, std::vector{0, 1, 2, 3}), 2);
  EXPECT_EQ(count_cores(folder_, std::vector{0, 2}), 1);
  EXPECT_EQ(count_cores(folder_, std::vector{0, 1}), 2);
  EXPECT_EQ(count_cores(folder_, std::vector<int>{}), 0);
}

TEST_F(Processors, OneThatNothingIsSaidOfIsACore) {
  siblings(0, "0-1");
  EXPECT_EQ(count_cores(folder_, std::vector{0, 1, 7}), 3);
}

TEST_F(Processors, AffinityIsRespected) {
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  CPU_ZERO(&one);
  for (int id = 0; id < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++id) {
    if (CPU_ISSET(id, &before)) CPU_SET(id, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(usable_processors(), 1);
  EXPECT_EQ(usable_cores(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
  EXPECT_GE(usable_processors(), usable_cores());
}

}  // namespace
}  // namespace espalier::base
