// Answers in threads of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "espalier/espalier.h"
#include "framework/fixture_testing.h"

namespace espalier {
namespace {

using framework::testing::tiny_model;
using ::testing::ElementsAre;

GenerationOptions options() {
  return {.sampling = SamplingMode::random_top_k(50, 3),
          .temperature = 1.5,
          .maximum_response_tokens = 24};
}

TEST(Async, TheFutureGivesWhatRespondGives) {
  const auto model = tiny_model();
  const GenerationSchema schema = GenerationSchema::of<std::vector<bool>>();
  LanguageModelSession session(model), other(model);
  EXPECT_EQ(session.respond_async("Hello", options()).get().content,
            other.respond("Hello", options()).content);
  EXPECT_EQ(session.respond_async("Some", schema, options()).get().content,
            other.respond("Some", schema, options()).content);
  EXPECT_EQ(session.respond_async<int>("A number", options()).get().content,
            other.respond<int>("A number", options()).content);
  EXPECT_EQ(session.transcript().size(), 6U);
}

// A model that answers once it is let.
struct Gate {
  std::promise<void> opened;
  LanguageModelSession session{std::make_shared<ScriptedLanguageModel>(
      [open = opened.get_future().share()](const LanguageModelRequest&) {
        open.wait();
        return ScriptedAnswer{.text = "One two three"};
      })};
};

TEST(Async, TheSessionIsRespondingFromTheCallOn) {
  Gate gate;
  auto future = gate.session.respond_async("Count");
  EXPECT_TRUE(gate.session.is_responding());
  EXPECT_THROW(gate.session.respond_async("Me too"), ConcurrentRequests);
  EXPECT_THROW(gate.session.respond("And me"), ConcurrentRequests);
  EXPECT_TRUE(gate.session.transcript().empty());
  gate.opened.set_value();
  EXPECT_EQ(future.get().content, "One two three");
  EXPECT_FALSE(gate.session.is_responding());
  EXPECT_EQ(gate.session.transcript().size(), 2U);
}

TEST(Async, SnapshotsAreSeenInTheAnswersThread) {
  Gate gate;
  std::vector<std::string> seen;
  std::optional<std::thread::id> thread;
  auto future = gate.session.stream_async("Count", [&](const Snapshot<>& snapshot) {
    seen.push_back(snapshot.content);
    thread = std::this_thread::get_id();
    return true;
  });
  gate.opened.set_value();
  EXPECT_EQ(future.get().content, "One two three");
  EXPECT_THAT(seen, ElementsAre("One ", "One two ", "One two three"));
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(Async, TypedSnapshotsAreSeenToo) {
  LanguageModelSession session(tiny_model());
  std::size_t most = 0;
  auto future = session.stream_async<std::vector<bool>>(
      "Some", [&](const Snapshot<std::vector<bool>>& snapshot) {
        EXPECT_GE(snapshot.content.size(), most);
        most = snapshot.content.size();
        return true;
      });
  EXPECT_EQ(future.get().content.size(), most);
}

TEST(Async, AFunctionThatSaysNothingHasItGoOn) {
  LanguageModelSession session(tiny_model());
  std::size_t seen = 0;
  const auto count = [&seen](const Snapshot<>&) { ++seen; };
  const Response<> response = session.stream_async("Hello", count, options()).get();
  EXPECT_TRUE(!response.content.empty());
  EXPECT_GT(seen, 1U);
}

TEST(Async, AFunctionThatHasSeenEnoughCancels) {
  LanguageModelSession session(tiny_model());
  auto future = session.stream_async("Hello", [](const Snapshot<>&) { return false; }, options());
  EXPECT_THROW(future.get(), Cancelled);
  EXPECT_FALSE(session.is_responding());
  EXPECT_TRUE(session.transcript().empty());
  EXPECT_NO_THROW(session.respond("Hello", options()));
}

TEST(Async, AFunctionThatThrowsUndoesTheTurn) {
  LanguageModelSession session(tiny_model());
  auto future = session.stream_async(
      "Hello", [](const Snapshot<>&) -> bool { throw std::runtime_error("the window was closed"); },
      options());
  EXPECT_THROW(future.get(), std::runtime_error);
  EXPECT_TRUE(session.transcript().empty());
  EXPECT_NO_THROW(session.respond("Hello", options()));
}

TEST(Async, AStopTokenCancels) {
  LanguageModelSession session(tiny_model());
  std::stop_source stop;
  auto future = session.stream_async(
      "Hello",
      [&](const Snapshot<>&) {
        stop.request_stop();
        return true;
      },
      options(), stop.get_token());
  EXPECT_THROW(future.get(), Cancelled);
  EXPECT_THROW(session.respond_async("Hello", options(), stop.get_token()).get(), Cancelled);
  EXPECT_TRUE(session.transcript().empty());
  EXPECT_NO_THROW(session.respond("Hello", options()));
}

TEST(Async, WhatIsWrongComesOutOfTheFuture) {
  LanguageModelSession session(tiny_model());
  auto future = session.respond_async("Hello", {.temperature = -1.0});
  EXPECT_THROW(future.get(), InvalidArgument);
  EXPECT_FALSE(session.is_responding());
}

TEST(Async, TheAnswerGoesOnWhereTheSessionIsGone) {
  std::optional<LanguageModelSession> session(std::in_place, tiny_model());
  auto future = session->respond_async("Hello", options());
  session.reset();
  EXPECT_FALSE(future.get().content.empty());
}

}  // namespace
}  // namespace espalier
