#include <gtest/gtest.h>

#include <optional>
#include <ranges>
#include <string>
#include <vector>

#include "espalier/error.h"
#include "espalier/session.h"
#include "framework/fixture_testing.h"

namespace espalier {
namespace {

using framework::testing::tiny_model;

static_assert(std::ranges::input_range<ResponseStream<>>);
static_assert(!std::copyable<ResponseStream<>> && std::movable<ResponseStream<>>);

constexpr std::size_t tokens = 24;

GenerationOptions options() {
  return {.sampling = SamplingMode::random_top_k(50, 3),
          .temperature = 1.5,
          .maximum_response_tokens = tokens};
}

TEST(Stream, SnapshotsAreWholeAndGrow) {
  LanguageModelSession session(tiny_model());
  ResponseStream stream = session.stream_response("Hello", options());
  std::string last;
  std::size_t snapshots = 0;
  for (const auto& snapshot : stream) {
    EXPECT_GT(snapshot.content.size(), last.size());
    EXPECT_TRUE(snapshot.content.starts_with(last));
    last = snapshot.content;
    ++snapshots;
  }
  EXPECT_GT(snapshots, tokens / 4) << "each token that completes a character shows one";
  EXPECT_EQ(stream.collect().content, last);
}

TEST(Stream, CollectedIsWhatRespondGives) {
  const SystemLanguageModel model = tiny_model();
  LanguageModelSession one(model), two(model), three(model);
  const Response whole = one.respond("Hello", options());
  ResponseStream unread = two.stream_response("Hello", options());
  EXPECT_EQ(unread.collect().content, whole.content);
  EXPECT_EQ(unread.collect().content, whole.content);
  ResponseStream read = three.stream_response("Hello", options());
  for (const auto& snapshot : read) EXPECT_TRUE(whole.content.starts_with(snapshot.content));
  EXPECT_EQ(read.collect().content, whole.content);
  EXPECT_EQ(read.collect().usage.response_tokens, whole.usage.response_tokens);
}

TEST(Stream, EndOfTheLoopIsTheEndOfTheTurn) {
  LanguageModelSession session(tiny_model());
  ResponseStream stream = session.stream_response("Hello", options());
  for ([[maybe_unused]] const auto& snapshot : stream) {
    EXPECT_TRUE(session.is_responding());
    EXPECT_TRUE(session.transcript().empty());
  }
  EXPECT_FALSE(session.is_responding());
  EXPECT_EQ(session.transcript().size(), 2U);
}

TEST(Stream, LeavingTheLoopFreesTheSessionAtOnce) {
  LanguageModelSession session(tiny_model());
  session.respond("Hello", options());
  const Transcript before = session.transcript();
  ResponseStream stream = session.stream_response("Go on", options());
  for ([[maybe_unused]] const auto& snapshot : stream) break;
  EXPECT_FALSE(session.is_responding());
  EXPECT_EQ(session.transcript(), before);
  EXPECT_THROW(stream.collect(), Cancelled);
  EXPECT_NO_THROW(session.respond("Go on", options()));
  EXPECT_EQ(session.transcript().size(), 4U);
}

TEST(Stream, ExceptionInTheLoopFreesTheSession) {
  LanguageModelSession session(tiny_model());
  EXPECT_THROW(
      {
        for ([[maybe_unused]] const auto& snapshot : session.stream_response("Hello", options())) {
          throw std::runtime_error("the window was closed");
        }
      },
      std::runtime_error);
  EXPECT_FALSE(session.is_responding());
  EXPECT_TRUE(session.transcript().empty());
}

TEST(Stream, UnreadStreamCancelsWhenItDies) {
  LanguageModelSession session(tiny_model());
  {
    const ResponseStream stream = session.stream_response("Hello", options());
  }
  EXPECT_FALSE(session.is_responding());
  EXPECT_TRUE(session.transcript().empty());
}

TEST(Stream, NothingHappensBetweenTwoSteps) {
  const SystemLanguageModel model = tiny_model();
  LanguageModelSession session(model);
  ResponseStream stream = session.stream_response("Hello", options());
  const auto before = framework::testing::stats(model).computed_tokens;
  EXPECT_EQ(framework::testing::stats(model).computed_tokens, before);
  auto snapshot = stream.begin();
  const auto after_first = framework::testing::stats(model).computed_tokens;
  EXPECT_GT(after_first, before);
  ++snapshot;
  EXPECT_GT(framework::testing::stats(model).computed_tokens, after_first);
}

TEST(Stream, StopTokenEndsTheLoopWithCancelled) {
  LanguageModelSession session(tiny_model());
  std::stop_source stop;
  ResponseStream stream = session.stream_response("Hello", options(), stop.get_token());
  std::size_t snapshots = 0;
  EXPECT_THROW(
      {
        for ([[maybe_unused]] const auto& snapshot : stream) {
          if (++snapshots == 3) stop.request_stop();
        }
      },
      Cancelled);
  EXPECT_EQ(snapshots, 3U);
  EXPECT_THROW(stream.collect(), Cancelled);
  EXPECT_FALSE(session.is_responding());
  EXPECT_TRUE(session.transcript().empty());
}

TEST(Stream, MayOutliveItsSession) {
  std::optional<LanguageModelSession> session(std::in_place, tiny_model());
  ResponseStream stream = session->stream_response("Hello", options());
  session.reset();
  EXPECT_FALSE(stream.collect().content.empty());
}

TEST(Stream, WorksWithViews) {
  LanguageModelSession session(tiny_model());
  std::vector<std::string> firsts;
  for (const auto& snapshot : session.stream_response("Hello", options()) | std::views::take(2)) {
    firsts.push_back(snapshot.content);
  }
  EXPECT_EQ(firsts.size(), 2U);
  EXPECT_FALSE(session.is_responding());
}

}  // namespace
}  // namespace espalier
