// Sessions of one model whose answers fill its KV cache together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "espalier/espalier.h"
#include "framework/fixture_testing.h"

namespace espalier {
namespace {

using framework::testing::tiny_model;
using ::testing::HasSubstr;

// An answer that is under way, and holds most of a window of 128 tokens.
struct Busy {
  explicit Busy(const SystemLanguageModel& model, char letter)
      : session(model),
        stream(session.stream_response(std::string(90, letter), {.maximum_response_tokens = 4})),
        it(stream.begin()) {}

  LanguageModelSession session;
  ResponseStream<> stream;
  ResponseStream<>::Iterator it;
};

TEST(BusySessions, MayFillSeveralWindowsAtATime) {
  const SystemLanguageModel model = tiny_model(128);
  std::vector<std::unique_ptr<Busy>> busy;
  for (char letter = 'a'; letter < 'g'; ++letter) {
    busy.push_back(std::make_unique<Busy>(model, letter));
  }
  for (const auto& each : busy) {
    while (each->it != std::default_sentinel) ++each->it;
    EXPECT_EQ(each->session.transcript().size(), 2U);
  }
}

TEST(BusySessions, OneTooManyFailsByNameAndTheOthersGoOn) {
  const SystemLanguageModel model = tiny_model(128);
  std::vector<std::unique_ptr<Busy>> busy;
  try {
    for (char letter = 'a'; letter <= 'z'; ++letter) {
      busy.push_back(std::make_unique<Busy>(model, letter));
    }
    FAIL() << "there is no bound";
  } catch (const DecodingFailure& error) {
    EXPECT_THAT(error.what(), HasSubstr("full of other conversations"));
  }
  EXPECT_GE(busy.size(), 8U);
  busy.pop_back();
  EXPECT_NO_THROW(Busy(model, '!')) << "an answer has ended";
}

}  // namespace
}  // namespace espalier
