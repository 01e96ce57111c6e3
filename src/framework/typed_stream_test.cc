// Answers under a schema, snapshot by snapshot. The tiny model is random: nothing but the schema
// makes its answers what they are.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "espalier/espalier.h"
#include "framework/content_testing.h"
#include "framework/fixture_testing.h"

namespace town {

enum class Mood { calm, wild };

struct Room {
  std::string code;
  int beds = 0;
};

struct House {
  std::string colour;
  std::vector<Room> rooms;
  Mood mood = Mood::calm;
  std::optional<bool> garden;
};

}  // namespace town

ESPALIER_GENERABLE_ENUM(town::Mood, calm, wild);
ESPALIER_GENERABLE(town::Room, (code, pattern("^[A-C]{2}$")), (beds, range(1, 40)));
ESPALIER_GENERABLE(town::House, (colour, any_of("red", "blue")), (rooms, count(2, 3)), mood,
                   garden);

namespace espalier {
namespace {

using framework::testing::goes_on;
using framework::testing::stats;
using framework::testing::tiny_model;
using town::House;

static_assert(std::ranges::input_range<ResponseStream<House>>);
static_assert(!std::copyable<ResponseStream<House>> && std::movable<ResponseStream<House>>);

GenerationOptions random(std::uint64_t seed, std::size_t tokens = 300) {
  return {.sampling = SamplingMode::random_probability_threshold(1.0, seed),
          .temperature = 1.5,
          .maximum_response_tokens = tokens};
}

// A schema of a few levels, from a list of choices.
DynamicGenerationSchema schema_from(const std::vector<std::uint32_t>& choices, std::size_t& next,
                                    int depth) {
  using Dynamic = DynamicGenerationSchema;
  const std::uint32_t choice = next < choices.size() ? choices[next++] : 1;
  const auto part = [&] { return schema_from(choices, next, depth + 1); };
  switch (depth < 3 ? choice % 8 : choice % 5) {
    case 0:
      return Dynamic::boolean();
    case 1:
      return Dynamic::of<int>({guides::range(0, 1'000)});
    case 2:
      return Dynamic::any_of("", {"red", "reddish", "\"é\\"});
    case 3:
      return Dynamic::of<std::string>({guides::pattern("^[a-z🌳]{0,8}$")});
    case 4:
      return Dynamic::null();
    case 5:
      return Dynamic::array(part(), 0, 3);
    case 6: {
      const std::string name = "Choice" + std::to_string(next);
      return Dynamic::any_of(name, std::vector<Dynamic>{part(), part()});
    }
    default: {
      const std::string name = "Object" + std::to_string(next);
      std::vector<Dynamic::Property> properties;
      for (std::uint32_t i = 0; i < choice / 8 % 4; ++i) {
        properties.push_back({.name = "p" + std::to_string(i),
                              .schema = part(),
                              .is_optional = choice / 32 % 2 == 0});
      }
      return Dynamic::object(name, std::move(properties));
    }
  }
}

TEST(TypedStream, TheLastSnapshotIsTheResponse) {
  const SystemLanguageModel model = tiny_model();
  EXPECT_TRUE(
      rc::check([&](const std::vector<std::uint32_t>& choices, std::uint64_t seed, bool is_cut) {
        std::size_t used = 0;
        const GenerationSchema schema(schema_from(choices, used, 0));
        const GenerationOptions options = random(seed, is_cut ? 1 + seed % 20 : 300);
        LanguageModelSession session(model), other(model);
        auto stream = session.stream_response("Go", schema, options);
        std::vector<GeneratedContent> snapshots;
        for (const auto& snapshot : stream) {
          RC_ASSERT(snapshot.content == snapshot.raw_content);
          snapshots.push_back(snapshot.content);
        }
        const auto response = stream.collect();
        if (response.is_complete) RC_ASSERT(!snapshots.empty());
        for (std::size_t i = 1; i < snapshots.size(); ++i) {
          RC_ASSERT(goes_on(snapshots[i - 1], snapshots[i]));
          RC_ASSERT(snapshots[i - 1] != snapshots[i]);
        }
        if (!snapshots.empty()) {
          RC_ASSERT(snapshots.back() == response.content);
          RC_ASSERT(snapshots.back().id() == response.content.id());
        }
        if (response.is_complete) RC_ASSERT(response.content.is_complete());
        RC_ASSERT(other.respond("Go", schema, options).content == response.content);
      }));
}

TEST(TypedStream, PropertiesFillInTheirDeclaredOrder) {
  const SystemLanguageModel model = tiny_model();
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    LanguageModelSession session(model);
    auto stream = session.stream_response<House>("A house", random(seed));
    std::size_t most_rooms = 0;
    std::optional<PartiallyGenerated<House>> last;
    for (const auto& [house, raw] : stream) {
      EXPECT_TRUE(house.colour || !house.rooms);
      EXPECT_TRUE(house.rooms || !house.mood);
      EXPECT_GE(house.rooms ? house.rooms->size() : 0, most_rooms);
      most_rooms = house.rooms ? house.rooms->size() : 0;
      last = house;
    }
    const auto response = stream.collect();
    ASSERT_TRUE(response.is_complete && last);
    EXPECT_EQ(last->colour, response.content.colour);
    EXPECT_EQ(last->mood, response.content.mood);
    EXPECT_EQ(last->garden, response.content.garden);
    ASSERT_EQ(last->rooms->size(), response.content.rooms.size());
    for (std::size_t i = 0; i < last->rooms->size(); ++i) {
      EXPECT_EQ(last->rooms->at(i).code, response.content.rooms[i].code);
      EXPECT_EQ(last->rooms->at(i).beds, response.content.rooms[i].beds);
    }
  }
}

TEST(TypedStream, WhateverComesIsShownAtOnce) {
  LanguageModelSession session(std::make_shared<ScriptedLanguageModel>(
      std::vector<ScriptedAnswer>{{.text = R"({"code": "AB", "beds": 7})"}}));  // word by word
  std::vector<std::string> seen;
  for (const auto& snapshot :
       session.stream_response("A room", GenerationSchema::of<town::Room>())) {
    seen.push_back(snapshot.content.to_json());
  }
  EXPECT_EQ(seen,
            (std::vector<std::string>{"{}", R"({"code":"AB"})", R"({"code":"AB","beds":7})"}));
}

// A quote may end the colour; the next token at the latest has told so.
TEST(TypedStream, TheFirstSnapshotIsThereBeforeTheFirstPropertyHasEnded) {
  const SystemLanguageModel model = tiny_model();
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    LanguageModelSession session(model);
    auto stream = session.stream_response<House>("A house", random(seed));
    auto snapshot = stream.begin();
    const auto is_there = [&] {
      const GeneratedContent* colour = snapshot->raw_content.find("colour");
      return colour != nullptr && colour->is_complete();
    };
    const auto first = stats(model).computed_tokens;
    while (!is_there()) ++snapshot;
    EXPECT_LE(first, stats(model).computed_tokens);
    EXPECT_LE(snapshot->raw_content.properties().size(), 2U) << "it came with the token behind it";
  }
}

TEST(TypedStream, ANumberThatIsAllOfAnAnswerComesWithItsEnd) {
  LanguageModelSession session(tiny_model());
  auto stream = session.stream_response<int>("A number", random(5));
  std::vector<int> seen;
  for (const auto& snapshot : stream) seen.push_back(snapshot.content);
  EXPECT_EQ(seen, std::vector<int>{stream.collect().content});
}

TEST(TypedStream, LeavingTheLoopFreesTheSessionAtOnce) {
  LanguageModelSession session(tiny_model());
  auto stream = session.stream_response<House>("A house", random(1));
  for ([[maybe_unused]] const auto& snapshot : stream) break;
  EXPECT_FALSE(session.is_responding());
  EXPECT_TRUE(session.transcript().empty());
  EXPECT_THROW(stream.collect(), Cancelled);
  EXPECT_NO_THROW(session.respond<House>("A house", random(1)));
}

TEST(TypedStream, ABudgetThatCutsLeavesTheLastSnapshot) {
  LanguageModelSession session(tiny_model());
  auto stream = session.stream_response<House>("A house", random(1, 8));
  std::optional<GeneratedContent> last;
  for (const auto& snapshot : stream) last = snapshot.raw_content;
  EXPECT_FALSE(last->is_complete());
  EXPECT_EQ(stream.collect().raw_content, last);
  EXPECT_EQ(session.transcript().size(), 2U);
}

}  // namespace
}  // namespace espalier
