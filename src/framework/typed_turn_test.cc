// Answers as content under a schema, and as values. The tiny model is random: nothing but the
// schema makes its answers what they are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "espalier/espalier.h"
#include "framework/fixture_testing.h"

namespace app {

enum class Mood { calm, wild };

struct Room {
  std::string code;
  int beds = 0;
  bool operator==(const Room&) const = default;
};

struct House {
  Mood mood = Mood::calm;
  std::vector<Room> rooms;
  std::optional<std::uint8_t> floors;
  std::string colour;
  bool operator==(const House&) const = default;
};

}  // namespace app

ESPALIER_GENERABLE_ENUM(app::Mood, calm, wild);
ESPALIER_GENERABLE(app::Room, (code, pattern("^[A-C]{2}$")), (beds, range(1, 4)));
ESPALIER_GENERABLE(app::House, mood, (rooms, "where one sleeps", count(1, 2)), floors,
                   (colour, any_of("red", "blue")));

namespace espalier {
namespace {

using app::House;
using framework::testing::tiny_model;

GenerationOptions random(std::uint64_t seed, std::size_t tokens = 300) {
  return {.sampling = SamplingMode::random_probability_threshold(1.0, seed),
          .temperature = 1.5,
          .maximum_response_tokens = tokens};
}

TEST(TypedTurn, AnAnswerIsAValueWithinItsGuides) {
  const SystemLanguageModel model = tiny_model();
  std::set<std::string> answers;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    LanguageModelSession session(model);
    const auto response = session.respond<House>("A house", random(seed));
    ASSERT_TRUE(response.is_complete) << response.raw_content.to_json();
    EXPECT_EQ(response.finish_reason, FinishReason::stop);
    const House& house = response.content;
    answers.insert(response.raw_content.to_json());
    EXPECT_THAT(house.rooms.size(), ::testing::AllOf(::testing::Ge(1U), ::testing::Le(2U)));
    for (const app::Room& room : house.rooms) {
      EXPECT_EQ(room.code.find_first_not_of("ABC"), std::string::npos);
      EXPECT_EQ(room.code.size(), 2U);
      EXPECT_TRUE(room.beds >= 1 && room.beds <= 4) << room.beds;
    }
    EXPECT_TRUE(house.colour == "red" || house.colour == "blue") << house.colour;
    EXPECT_EQ(response.raw_content.value<House>(), house);
  }
  EXPECT_GT(answers.size(), 1U) << "the schema restricts the model and does not choose for it";
}

TEST(TypedTurn, PropertiesComeInTheirDeclaredOrder) {
  const SystemLanguageModel model = tiny_model();
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    LanguageModelSession session(model);
    const auto content =
        session.respond("A house", GenerationSchema::of<House>(), random(seed)).content;
    std::string keys;
    for (const auto& property : content.properties()) keys += property.key + " ";
    EXPECT_TRUE(keys == "mood rooms floors colour " || keys == "mood rooms colour ") << keys;
  }
}

TEST(TypedTurn, IntegersFitTheirType) {
  const SystemLanguageModel model = tiny_model();
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    LanguageModelSession session(model);
    const auto response = session.respond<std::int8_t>("A number", random(seed));
    EXPECT_TRUE(response.is_complete);
  }
}

TEST(TypedTurn, RealNumbersFitTheirType) {
  const SystemLanguageModel model = tiny_model();
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    LanguageModelSession session(model);
    const auto response = session.respond<std::vector<float>>("Numbers", random(seed));
    if (!response.is_complete) continue;
    for (const float number : response.content) EXPECT_TRUE(std::isfinite(number));
  }
}

TEST(TypedTurn, ABudgetThatCutsLeavesWhatWasReached) {
  const SystemLanguageModel model = tiny_model();
  LanguageModelSession session(model);
  const auto cut = session.respond<House>("A house", random(1, 8));
  EXPECT_FALSE(cut.is_complete || cut.raw_content.is_complete());
  EXPECT_EQ(cut.finish_reason, FinishReason::incomplete);
  EXPECT_EQ(cut.usage.response_tokens, 8U);
  EXPECT_EQ(cut.content.rooms, House{}.rooms);
  EXPECT_EQ(session.transcript().size(), 2U) << "the turn is part of the conversation";
}

TEST(TypedTurn, TheTranscriptSaysWhatWasAskedAndAnswered) {
  LanguageModelSession session(tiny_model());
  const auto response = session.respond<House>("A house", random(3));
  const Transcript transcript = session.transcript();
  ASSERT_EQ(transcript.size(), 2U);
  EXPECT_EQ(transcript[0], response.transcript_entries.at(0));
  const auto& prompt = std::get<Transcript::Prompt>(transcript[0]);
  EXPECT_EQ(entry_text(transcript[0]), "A house");
  EXPECT_EQ(prompt.response_format, GenerationSchema::of<House>());
  const auto& answer = std::get<Transcript::Response>(transcript[1]);
  const auto& structure = std::get<Transcript::StructureSegment>(answer.segments.at(0));
  EXPECT_EQ(structure.source, "House");
  EXPECT_EQ(structure.content, response.raw_content);
  EXPECT_EQ(entry_text(transcript[1]), response.raw_content.to_json());
}

TEST(TypedTurn, TheSchemaStandsInThePromptUnlessItIsLeftOut) {
  const SystemLanguageModel model = tiny_model();
  GenerationOptions options = random(3);
  LanguageModelSession shown(model), bare(model), plain(model);
  const auto with = shown.respond<House>("A house", options);
  options.include_schema_in_prompt = false;
  const auto without = bare.respond<House>("A house", options);
  const std::size_t schema = model.token_count(GenerationSchema::of<House>());
  EXPECT_GT(schema, 10U);
  EXPECT_EQ(with.usage.prompt_tokens, without.usage.prompt_tokens + schema);
  EXPECT_EQ(without.usage.prompt_tokens,
            plain.respond("A house", random(3, 1)).usage.prompt_tokens);
  EXPECT_TRUE(without.is_complete);
  EXPECT_EQ(without.raw_content.value<House>(), without.content) << "the schema holds all the same";
  EXPECT_GT(model.token_count(shown.transcript()), schema + with.usage.response_tokens);
}

TEST(TypedTurn, TheNextTurnReusesTheCache) {
  LanguageModelSession session(tiny_model());
  const auto first = session.respond<app::Room>("A room", random(1));
  const auto second = session.respond<app::Room>("Another", random(2));
  EXPECT_GE(second.usage.cached_tokens, first.usage.prompt_tokens);
}

TEST(TypedTurn, SchemasMadeAtRunTimeHoldToo) {
  using Dynamic = DynamicGenerationSchema;
  const GenerationSchema schema(Dynamic::any_of(
      "Answer",
      {Dynamic::object("No", {{.name = "why", .schema = Dynamic::any_of("", {"a", "b"})}}),
       Dynamic::of<std::int8_t>({guides::range(1, 3)})}));
  const SystemLanguageModel model = tiny_model();
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    LanguageModelSession session(model);
    const auto content = session.respond("Yes?", schema, random(seed)).content;
    if (content.kind() == GeneratedContent::Kind::number) {
      EXPECT_THAT(content.value<int>(), ::testing::AllOf(::testing::Ge(1), ::testing::Le(3)));
    } else {
      EXPECT_THAT(content.to_json(), ::testing::AnyOf(R"({"why":"a"})", R"({"why":"b"})"));
    }
  }
}

TEST(TypedTurn, APlainAnswerIsRawContentToo) {
  LanguageModelSession session(tiny_model());
  const Response response = session.respond("Hello", random(1, 5));
  EXPECT_EQ(response.raw_content, GeneratedContent::string(response.content));
}

}  // namespace
}  // namespace espalier
