// Sessions that go on from the JSON of a transcript in which tools were called.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "espalier/espalier.h"
#include "framework/family_model_testing.h"

namespace app {

struct Note {
  std::string text;
  int lines = 0;
};

}  // namespace app

ESPALIER_GENERABLE(app::Note, (text, pattern("^[ -~\\né]{0,8}$")), (lines, range(0, 9)));

namespace espalier {
namespace {

using app::Note;
using framework::testing::FamilyModel;

// Gives text of an even number of lines, structure of an odd one.
std::shared_ptr<Tool> note() {
  return make_tool<Note>("note", "Notes.", [](const Note& note) -> ToolOutput {
    if (note.lines % 2 == 1) return GeneratedContent::of(note);
    return " noted:\n" + note.text;
  });
}

GenerationOptions random(std::uint64_t seed, ToolCallingMode mode) {
  return {.sampling = SamplingMode::random_probability_threshold(1.0, seed),
          .temperature = 8,
          .maximum_response_tokens = 200,
          .tool_calling_mode = mode};
}

const GenerationOptions greedy = {.sampling = SamplingMode::greedy(),
                                  .maximum_response_tokens = 24,
                                  .tool_calling_mode = ToolCallingMode::disallowed};

// What transcripts had of all that could be lost on the way.
struct Seen {
  std::size_t calls = 0, several_calls = 0, texts_before_calls = 0;
  std::size_t texts = 0, structures = 0;  // of outputs
  std::size_t token_ids = 0;              // of calls
};

void look_at(const Transcript& transcript, Seen& seen) {
  for (std::size_t i = 0; i < transcript.size(); ++i) {
    if (const auto* made = std::get_if<Transcript::ToolCalls>(&transcript[i])) {
      ++seen.calls;
      if (made->calls.size() > 1) ++seen.several_calls;
      if (std::holds_alternative<Transcript::Response>(transcript[i - 1]))
        ++seen.texts_before_calls;
      if (!made->token_ids.empty()) ++seen.token_ids;
    }
    if (const auto* output = std::get_if<Transcript::ToolOutput>(&transcript[i])) {
      const bool is_text = std::holds_alternative<Transcript::TextSegment>(output->segments.at(0));
      ++(is_text ? seen.texts : seen.structures);
    }
  }
}

class ToolResume : public ::testing::TestWithParam<framework::testing::Family> {};

TEST_P(ToolResume, AResumedSessionGivesTheNextTokensOfTheLiveOne) {
  const FamilyModel folder(GetParam());
  const SystemLanguageModel model = folder.open();
  Seen seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    LanguageModelSession live(model, Tools{note()}, "Be brief.");
    try {
      live.respond("Go", random(seed, ToolCallingMode::required));
      live.respond("Go on", random(seed, ToolCallingMode::allowed));
    } catch (const DecodingFailure&) {
      continue;  // noise that calls again and again
    }
    const Transcript transcript = Transcript::from_json(live.transcript().to_json());
    ASSERT_EQ(transcript, live.transcript());
    look_at(transcript, seen);
    LanguageModelSession resumed(model, Tools{note()}, transcript);
    const Response<> a = live.respond("And now?", greedy);
    const Response<> b = resumed.respond("And now?", greedy);
    EXPECT_EQ(a.content, b.content);
    EXPECT_EQ(a.usage.prompt_tokens, b.usage.prompt_tokens);
    EXPECT_EQ(std::get<Transcript::Response>(a.transcript_entries.back()).token_ids,
              std::get<Transcript::Response>(b.transcript_entries.back()).token_ids);
  }
  const bool many = framework::EngineAccess::runtime(model)->tool_style().many_calls;
  EXPECT_GT(seen.calls, 20U);
  EXPECT_GE(seen.several_calls, many ? 1U : 0U);
  EXPECT_GT(seen.texts_before_calls, 0U);
  EXPECT_GT(seen.texts, 0U);
  EXPECT_GT(seen.structures, 0U);
  EXPECT_GT(seen.token_ids, 0U);
}

// The tokens that the model wrote are not what an edited transcript says, be it by one blank.
TEST_P(ToolResume, AnEditOfACallIsRead) {
  const FamilyModel folder(GetParam());
  const SystemLanguageModel model = folder.open();
  std::size_t edits = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    LanguageModelSession session(model, Tools{note()}, "Be brief.");
    try {
      session.respond("Go", random(seed, ToolCallingMode::required));
    } catch (const DecodingFailure&) {
      continue;
    }
    const Transcript transcript = session.transcript();
    for (std::size_t i = 0; i < transcript.size(); ++i) {
      const auto* made = std::get_if<Transcript::ToolCalls>(&transcript[i]);
      if (made == nullptr || made->token_ids.empty()) continue;
      Transcript::ToolCalls edited = *made;
      Note note = edited.calls[0].arguments.value<Note>();
      note.text += ' ';
      edited.calls[0].arguments = GeneratedContent::of(note);
      std::vector<Transcript::Entry> entries(transcript.begin(), transcript.end());
      entries[i] = edited;
      const std::size_t tokens = model.token_count(Transcript(entries));
      edited.token_ids.clear();
      entries[i] = edited;
      EXPECT_EQ(tokens, model.token_count(Transcript(entries)));
      ++edits;
    }
  }
  EXPECT_GT(edits, 0U);
}

INSTANTIATE_TEST_SUITE_P(, ToolResume,
                         ::testing::Values(framework::testing::hermes_family(),
                                           framework::testing::qwen3_family(),
                                           framework::testing::llama3_family()),
                         [](const auto& family) { return family.param.name; });

}  // namespace
}  // namespace espalier
