// Tools that the engine calls. The tiny model is random: nothing but the guide makes its calls well
// formed, and only what is required makes it call at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "espalier/espalier.h"
#include "framework/fixture_testing.h"

namespace app {

enum class Sky { clear, grey };

struct Look {
  Sky sky = Sky::clear;
  int hours = 0;
};

struct Verdict {
  bool coat = false;
};

}  // namespace app

ESPALIER_GENERABLE_ENUM(app::Sky, clear, grey);
ESPALIER_GENERABLE(app::Look, sky, (hours, range(1, 3)));
ESPALIER_GENERABLE(app::Verdict, coat);

namespace espalier {
namespace {

using app::Look;
using framework::EngineAccess;
using framework::testing::tiny_model;

GenerationOptions random(std::uint64_t seed, ToolCallingMode mode, std::size_t tokens = 130) {
  return {.sampling = SamplingMode::random_probability_threshold(1.0, seed),
          .temperature = 1.5,
          .maximum_response_tokens = tokens,
          .tool_calling_mode = mode};
}

// Counts its calls. The model is told of it only where it is to be: in this vocabulary of bytes,
// what is told of tools nearly fills the context.
class Looking : public Tool {
 public:
  Looking(std::atomic<int>& calls, bool is_told) : calls_(calls), is_told_(is_told) {}
  std::string name() const override { return "look"; }
  std::string description() const override { return "Looks."; }
  GenerationSchema parameters() const override { return GenerationSchema::of<Look>(); }
  bool includes_schema_in_instructions() const override { return is_told_; }
  ToolOutput call(const GeneratedContent& arguments, std::stop_token) override {
    const int hours = arguments.value<Look>().hours;
    EXPECT_TRUE(hours >= 1 && hours <= 3) << hours;
    ++calls_;
    return "dry";
  }

 private:
  std::atomic<int>& calls_;
  bool is_told_;
};

std::shared_ptr<Tool> look(std::atomic<int>& calls, bool is_told = false) {
  return std::make_shared<Looking>(calls, is_told);
}

TEST(EngineTool, WhatIsRequiredIsCalledWithArgumentsThatFit) {
  for (const char* format : {"chatml", "qwen"}) {
    const SystemLanguageModel model =
        EngineAccess::open(framework::testing::fixture, {.threads = 1, .chat_format = format});
    std::atomic<int> calls = 0;
    const Tools tools = {look(calls)};
    std::set<std::string> arguments;
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
      LanguageModelSession session(model, tools);
      const Response response = session.respond("Go", random(seed, ToolCallingMode::required));
      const auto& entries = response.transcript_entries;
      ASSERT_GE(entries.size(), 4U);
      const auto& made = std::get<Transcript::ToolCalls>(entries[1]);
      for (const auto& call : made.calls) {
        EXPECT_EQ(call.tool_name, "look");
        arguments.insert(call.arguments.to_json());
      }
      EXPECT_EQ(response.content.find("<tool_call>"), std::string::npos);
      EXPECT_EQ(session.transcript().size(), entries.size());
    }
    EXPECT_GE(calls, 30);
    EXPECT_GT(arguments.size(), 1U) << "the guide restricts the model and does not choose for it";
  }
}

TEST(EngineTool, TheAnswerBehindCallsMayBeHeldToASchema) {
  const SystemLanguageModel model = tiny_model();
  std::atomic<int> calls = 0;
  const Tools tools = {look(calls)};
  int answered = 0;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    LanguageModelSession session(model, tools);
    const auto response =
        session.respond<app::Verdict>("Go", random(seed, ToolCallingMode::required));
    answered += response.is_complete ? 1 : 0;
    if (response.is_complete) {
      EXPECT_THAT(response.raw_content.to_json(),
                  ::testing::AnyOf(R"({"coat":true})", R"({"coat":false})"));
    }
  }
  EXPECT_GT(answered, 0);
  EXPECT_GE(calls, 6);
}

TEST(EngineTool, WhatIsDisallowedIsNotCalled) {
  std::atomic<int> calls = 0;
  LanguageModelSession session(tiny_model(), Tools{look(calls)});
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    EXPECT_NO_THROW(session.respond("Go", random(seed, ToolCallingMode::disallowed)));
  }
  EXPECT_EQ(calls, 0);
}

TEST(EngineTool, ToolsAreToldInTheInstructions) {
  const SystemLanguageModel model = tiny_model();
  std::atomic<int> calls = 0;
  LanguageModelSession with(model, Tools{look(calls, true)}, "Be brief."),
      without(model, "Be brief.");
  const GenerationOptions options = random(1, ToolCallingMode::disallowed, 1);
  const std::size_t schema = model.token_count(GenerationSchema::of<Look>().to_json());
  EXPECT_GT(with.respond("Go", options).usage.prompt_tokens,
            without.respond("Go", options).usage.prompt_tokens + schema);
}

TEST(EngineTool, EachAnswerOfATurnReusesTheCache) {
  std::atomic<int> calls = 0;
  const SystemLanguageModel model = tiny_model();
  LanguageModelSession session(model, Tools{look(calls)}, std::string(300, 'i'));
  session.prewarm();
  const auto before = framework::testing::stats(model).computed_tokens;
  const Response response = session.respond("Go", random(3, ToolCallingMode::required));
  const std::size_t computed = framework::testing::stats(model).computed_tokens - before;
  // Instructions were there; prompt, calls, outputs and answer are each computed once.
  EXPECT_LT(computed, response.usage.response_tokens + 150);
  EXPECT_GT(response.usage.cached_tokens, response.usage.prompt_tokens / 2);
  const std::size_t known = model.token_count(session.transcript());
  const Response next = session.respond("Go on", random(3, ToolCallingMode::disallowed, 1));
  EXPECT_GT(next.usage.cached_tokens + 20, known);
}

TEST(EngineTool, ACallThatALimitCutsIsNone) {
  std::atomic<int> calls = 0;
  LanguageModelSession session(tiny_model(), Tools{look(calls)});
  const Response response = session.respond("Go", random(3, ToolCallingMode::required, 15));
  EXPECT_FALSE(response.is_complete);
  EXPECT_EQ(response.content, "");
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(session.transcript().size(), 2U);
  EXPECT_NO_THROW(session.respond("Go", random(3, ToolCallingMode::disallowed, 5)));
}

TEST(EngineTool, AToolThatThrowsLeavesTheSessionAsItWas) {
  const auto broken = make_tool<Look>("broken", "Throws.", [](const Look&) -> std::string {
    throw std::runtime_error("no window here");
  });
  const SystemLanguageModel model = tiny_model();
  LanguageModelSession session(model, Tools{broken}), fresh(model, Tools{broken});
  const Transcript before = session.transcript();
  EXPECT_THROW(session.respond("Go", random(3, ToolCallingMode::required)), ToolCallError);
  EXPECT_EQ(session.transcript(), before);
  const GenerationOptions options = random(5, ToolCallingMode::disallowed, 20);
  EXPECT_EQ(session.respond("Go", options).content, fresh.respond("Go", options).content);
}

}  // namespace
}  // namespace espalier
