#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>

#include "base/checked_math.h"
#include "base/cpu_features.h"
#include "base/mapped_file.h"
#include "base/temporary_folder_testing.h"
#include "espalier/error.h"

namespace espalier::base {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;
using ::testing::ThrowsMessage;

constexpr std::uint64_t max64 = std::numeric_limits<std::uint64_t>::max();

TEST(CheckedMath, OverflowIsNothingAndTheLastFittingValueIsKept) {
  EXPECT_EQ(checked_add<std::uint64_t>(max64 - 1, 1), max64);
  EXPECT_EQ(checked_add<std::uint64_t>(max64, 1), std::nullopt);
  EXPECT_EQ(checked_mul<std::uint64_t>(1ULL << 32, 1ULL << 31), 1ULL << 63);
  EXPECT_EQ(checked_mul<std::uint64_t>(1ULL << 32, 1ULL << 32), std::nullopt);
  EXPECT_EQ(checked_mul<std::int64_t>(std::numeric_limits<std::int64_t>::min(), -1), std::nullopt);
}

TEST(CheckedMath, RoundingUpToAStepNeverWraps) {
  EXPECT_EQ(checked_round_up<std::uint64_t>(0, 32), 0U);
  EXPECT_EQ(checked_round_up<std::uint64_t>(33, 32), 64U);
  EXPECT_EQ(checked_round_up<std::uint64_t>(max64 - 3, 32), std::nullopt);
}

TEST(MappedFile, GivesTheFilesBytesAndStillDoesAfterRelease) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "data";
  std::string text(100'000, 'a');
  text[77'777] = 'z';
  std::ofstream(path, std::ios::binary) << text;
  MappedFile file(path);
  ASSERT_EQ(file.bytes().size(), text.size());
  EXPECT_EQ(static_cast<char>(file.bytes()[77'777]), 'z');
  file.release(file.bytes().subspan(1000, 90'000));
  const MappedFile moved = std::move(file);
  EXPECT_EQ(static_cast<char>(moved.bytes()[77'777]), 'z');
}

TEST(MappedFile, AnEmptyFileHasNoBytes) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "empty").close();
  EXPECT_TRUE(MappedFile(folder.path() / "empty").bytes().empty());
}

TEST(MappedFile, FaultsNameThePathAndTheReason) {
  const TemporaryFolder folder;
  EXPECT_THAT([&] { MappedFile{folder.path() / "absent"}; },
              ThrowsMessage<AssetsUnavailable>(
                  AllOf(HasSubstr("absent"), HasSubstr("No such file or directory"))));
  EXPECT_THAT([&] { MappedFile{folder.path()}; },
              ThrowsMessage<AssetsUnavailable>(HasSubstr("Is a directory")));
  EXPECT_THAT([&] { MappedFile{"/dev/null"}; },
              ThrowsMessage<AssetsUnavailable>(HasSubstr("not a regular file")));
  const auto pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT([&] { MappedFile{pipe}; },
              ThrowsMessage<AssetsUnavailable>(HasSubstr("not a regular file")));
}

class IsaChoice : public ::testing::Test {
 protected:
  void TearDown() override { ::unsetenv("ESPALIER_ISA"); }
};

TEST_F(IsaChoice, TheHighestAvailableSetIsTakenUnlessALowerOneIsNamed) {
  ::unsetenv("ESPALIER_ISA");
  EXPECT_EQ(chosen_isa(), available_isas().back());
  for (Isa isa : available_isas()) {
    ::setenv("ESPALIER_ISA", std::string(name(isa)).c_str(), 1);
    EXPECT_EQ(chosen_isa(), isa);
  }
}

TEST_F(IsaChoice, UnknownAndUnavailableSetsAreRefusedByName) {
  ::setenv("ESPALIER_ISA", "sse9", 1);
  EXPECT_THAT([] { chosen_isa(); }, ThrowsMessage<InvalidArgument>(HasSubstr("sse9")));
  for (Isa isa : all_isas) {
    if (is_available(isa)) continue;
    std::cout << "this machine lacks " << name(isa) << '\n';
    ::setenv("ESPALIER_ISA", std::string(name(isa)).c_str(), 1);
    EXPECT_THAT([] { chosen_isa(); }, ThrowsMessage<InvalidArgument>(HasSubstr("at most")));
  }
}

TEST(CpuFeatures, ScalarIsAlwaysThereAndEverySetKeepsItsName) {
  EXPECT_EQ(available_isas().front(), Isa::scalar);
  for (Isa isa : all_isas) EXPECT_EQ(isa_from_name(name(isa)), isa);
}

TEST(ErrorCodes, KeepTheirNumbersAndNames) {
  const auto is = [](ErrorCode code, int number, const char* spelled) {
    EXPECT_EQ(static_cast<int>(code), number) << spelled;
    EXPECT_STREQ(name(code), spelled);
  };
  is(ErrorCode::exceeded_context_window_size, 1, "exceeded_context_window_size");
  is(ErrorCode::assets_unavailable, 2, "assets_unavailable");
  is(ErrorCode::guardrail_violation, 3, "guardrail_violation");
  is(ErrorCode::unsupported_guide, 4, "unsupported_guide");
  is(ErrorCode::unsupported_language_or_locale, 5, "unsupported_language_or_locale");
  is(ErrorCode::decoding_failure, 6, "decoding_failure");
  is(ErrorCode::rate_limited, 7, "rate_limited");
  is(ErrorCode::concurrent_requests, 8, "concurrent_requests");
  is(ErrorCode::refusal, 9, "refusal");
  is(ErrorCode::invalid_schema, 10, "invalid_schema");
  is(ErrorCode::invalid_argument, 11, "invalid_argument");
  is(ErrorCode::unknown, 255, "unknown");
}

TEST(ErrorCodes, EachErrorHasItsOwn) {
  EXPECT_EQ(ExceededContextWindowSize("x", 2, 1).code(), ErrorCode::exceeded_context_window_size);
  EXPECT_EQ(AssetsUnavailable("x").code(), ErrorCode::assets_unavailable);
  EXPECT_EQ(InvalidFile("x").code(), ErrorCode::assets_unavailable);
  EXPECT_EQ(GuardrailViolation("x").code(), ErrorCode::guardrail_violation);
  EXPECT_EQ(UnsupportedGuide("x").code(), ErrorCode::unsupported_guide);
  EXPECT_EQ(UnsupportedLanguageOrLocale("x").code(), ErrorCode::unsupported_language_or_locale);
  EXPECT_EQ(DecodingFailure("x").code(), ErrorCode::decoding_failure);
  EXPECT_EQ(RateLimited("x").code(), ErrorCode::rate_limited);
  EXPECT_EQ(ConcurrentRequests("x").code(), ErrorCode::concurrent_requests);
  EXPECT_EQ(Refusal("x").code(), ErrorCode::refusal);
  EXPECT_EQ(InvalidSchema("x").code(), ErrorCode::invalid_schema);
  EXPECT_EQ(InvalidArgument("x").code(), ErrorCode::invalid_argument);
  EXPECT_EQ(ToolCallError("x", "tool", nullptr).code(), ErrorCode::unknown);
  EXPECT_EQ(Cancelled().code(), ErrorCode::unknown);
}

}  // namespace
}  // namespace espalier::base
