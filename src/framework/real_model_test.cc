// What only a model that has learned something can show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "espalier/espalier.h"
#include "framework/fixture_testing.h"
#include "tensor/gguf_reader.h"

namespace app {

struct Town {
  std::string city;
};

}  // namespace app

ESPALIER_GENERABLE(app::Town, city);

namespace espalier {
namespace {

using ::testing::HasSubstr;

class RealModel : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = framework::testing::no_real_model(); !reason.empty()) {
      GTEST_SKIP() << reason;
    }
  }
};

const GenerationOptions greedy = {.sampling = SamplingMode::greedy(),
                                  .maximum_response_tokens = 60};

TEST_F(RealModel, KnowsACapital) {
  LanguageModelSession session("You answer in one short sentence.");
  EXPECT_THAT(session.respond("What is the capital of France?", greedy).content,
              HasSubstr("Paris"));
}

TEST_F(RealModel, AddsTwoAndTwo) {
  LanguageModelSession session;
  const Response response = session.respond("What is 2+2?", greedy);
  EXPECT_THAT(response.content, HasSubstr("4"));
  EXPECT_TRUE(response.is_complete);
}

TEST_F(RealModel, StreamsWholeCharacters) {
  LanguageModelSession session;
  const auto is_continuation = [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
  };
  std::string last;
  for (const auto& snapshot :
       session.stream_response("Repeat exactly: 🦊 naïve café 日本語 🌳", greedy)) {
    ASSERT_TRUE(snapshot.content.starts_with(last));
    ASSERT_GT(snapshot.content.size(), last.size());
    // What is new begins a character, so the text before it ended one.
    EXPECT_FALSE(is_continuation(snapshot.content[last.size()]));
    last = snapshot.content;
  }
  EXPECT_FALSE(last.empty());
}

TEST_F(RealModel, SecondTurnSeesTheFirst) {
  LanguageModelSession session("You answer in one short sentence.");
  session.respond("What is the capital of France?", greedy);
  const Response second = session.respond("And what is it famous for?", greedy);
  EXPECT_GT(second.usage.cached_tokens, 30U);
  EXPECT_FALSE(second.content.empty());
}

TEST_F(RealModel, CallsAToolWithArgumentsFromThePrompt) {
  std::vector<std::string> cities;
  std::mutex mutex;
  const auto weather =
      make_tool<app::Town>("get_weather", "The weather in a city.", [&](const app::Town& town) {
        const std::lock_guard lock(mutex);
        cities.push_back(town.city);
        return "It is raining.";
      });
  LanguageModelSession session({weather}, "Answer in one short sentence.");
  const Response response = session.respond("What is the weather in Oslo?",
                                            {.sampling = SamplingMode::greedy(),
                                             .maximum_response_tokens = 80,
                                             .tool_calling_mode = ToolCallingMode::required});
  ASSERT_FALSE(cities.empty());
  EXPECT_THAT(cities.front(), HasSubstr("Oslo"));
  EXPECT_FALSE(response.content.empty());
  EXPECT_GT(response.usage.cached_tokens, response.usage.prompt_tokens / 3);
}

TEST_F(RealModel, CutAtEvery64KiBIsRefusedAsTruncated) {
  const std::filesystem::path path = framework::find_model();
  if (!std::filesystem::is_regular_file(path)) GTEST_SKIP() << path << " is a folder, no GGUF file";
  const base::MappedFile file(path);
  EXPECT_NO_THROW(tensor::GgufFile::parse("m.gguf", file.bytes()));
  constexpr std::size_t step = 64 * 1024;
  for (std::size_t size = 0; size + step < file.bytes().size(); size += step) {
    ASSERT_THAT([&] { tensor::GgufFile::parse("m.gguf", file.bytes().first(size)); },
                ::testing::ThrowsMessage<InvalidFile>(HasSubstr("truncated")))
        << path << " cut at " << size;
  }
}

}  // namespace
}  // namespace espalier
