#include "base/output_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <string>

#include "base/temporary_folder_testing.h"
#include "espalier/error.h"

namespace espalier::base {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class OutputFileTest : public ::testing::Test {
 protected:
  std::string read(const char* name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }

  const testing::TemporaryFolder folder_;
};

TEST_F(OutputFileTest, HoldsWhatWasWrittenInSmallAndLargePieces) {
  std::string expected;
  OutputFile file(folder_ / "f");
  for (const std::size_t size : {1UL, 70'000UL, 0UL, 65'535UL, 2UL, 65'536UL, 40'000UL, 40'000UL}) {
    const std::string piece(size, static_cast<char>('a' + expected.size() % 26));
    file.write(piece);
    expected += piece;
    EXPECT_EQ(file.size(), expected.size());
  }
  file.finish();
  EXPECT_EQ(read("f"), expected);
  EXPECT_EQ(files(), 1U);
}

TEST_F(OutputFileTest, WhatStoodThereStaysUntilTheFileIsFinished) {
  std::ofstream(folder_ / "f") << "old";
  {
    OutputFile abandoned(folder_ / "f");
    abandoned.write("half");
  }
  EXPECT_EQ(read("f"), "old");
  EXPECT_EQ(files(), 1U);
  OutputFile first(folder_ / "f");
  OutputFile second(folder_ / "f");  // two writers do not meet in one partial file
  first.write("first");
  second.write("second");
  first.finish();
  EXPECT_EQ(read("f"), "first");
  second.finish();
  EXPECT_EQ(read("f"), "second");
  EXPECT_EQ(files(), 1U);
}

TEST_F(OutputFileTest, AFolderThatIsAbsentIsNamed) {
  EXPECT_THAT([&] { OutputFile(folder_ / "absent" / "f"); },
              ThrowsMessage<AssetsUnavailable>(
                  HasSubstr("absent/f: cannot be written: No such file or directory")));
  EXPECT_THAT([&] { OutputFile(folder_.path()).finish(); },
              ThrowsMessage<AssetsUnavailable>(HasSubstr("cannot be written")));
}

// A limit on file sizes stands in for a full disk: write() fails in the same way.
TEST_F(OutputFileTest, ADiskThatIsFullIsAnErrorAndLeavesNothing) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 100'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string piece(60'000, 'x');
  const auto write_all = [&] {
    OutputFile file(folder_ / "f");
    file.write(piece);
    file.write(piece);
    file.finish();
  };
  EXPECT_THAT(write_all,
              ThrowsMessage<AssetsUnavailable>(HasSubstr("f: cannot be written: File too large")));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(files(), 0U);
}

}  // namespace
}  // namespace espalier::base
