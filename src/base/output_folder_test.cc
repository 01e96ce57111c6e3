#include "base/output_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <string>

#include "base/temporary_folder_testing.h"
#include "espalier/error.h"

namespace espalier::base {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class OutputFolderTest : public ::testing::Test {
 protected:
  static void write(const std::filesystem::path& path, const char* text) {
    std::ofstream(path) << text;
  }
  static bool there(const std::filesystem::path& path) { return std::filesystem::exists(path); }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(parent_.path()), {}));
  }

  const testing::TemporaryFolder parent_;
};

TEST_F(OutputFolderTest, AppearsWithItsFilesWhenItIsFinished) {
  OutputFolder folder(parent_ / "model/");
  write(folder.place() / "a", "text");
  EXPECT_FALSE(there(parent_ / "model"));
  folder.finish();
  EXPECT_TRUE(there(parent_ / "model/a"));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(OutputFolderTest, WithoutAnEndNothingIsLeftAndWhatStoodThereStays) {
  std::filesystem::create_directory(parent_ / "model");
  write(parent_ / "model/old", "text");
  {
    OutputFolder abandoned(parent_ / "model");
    write(abandoned.place() / "new", "text");
  }
  EXPECT_TRUE(there(parent_ / "model/old"));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(OutputFolderTest, ReplacesAFolderWithAllItHolds) {
  std::filesystem::create_directory(parent_ / "model");
  write(parent_ / "model/old", "text");
  OutputFolder folder(parent_ / "model");
  write(folder.place() / "new", "text");
  folder.finish();
  EXPECT_TRUE(there(parent_ / "model/new"));
  EXPECT_FALSE(there(parent_ / "model/old"));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(OutputFolderTest, AParentThatIsAbsentIsNamed) {
  EXPECT_THAT([&] { OutputFolder folder(parent_ / "gone/model"); },
              ThrowsMessage<AssetsUnavailable>(
                  AllOf(HasSubstr("gone/model"), HasSubstr("No such file or directory"))));
}

TEST_F(OutputFolderTest, SpaceThatIsNotThereIsNamedWithItsFigures) {
  require_space(parent_ / "model", 1);
  require_space(parent_ / "gone/model", UINTMAX_MAX);  // nobody knows
  EXPECT_THAT([&] { require_space(parent_ / "model", UINTMAX_MAX); },
              ThrowsMessage<AssetsUnavailable>(
                  AllOf(HasSubstr("18,446,744,073,709,551,615 bytes"), HasSubstr("make room"))));
}

}  // namespace
}  // namespace espalier::base
