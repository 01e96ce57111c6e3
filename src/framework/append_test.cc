// What a turn costs in a session that is long already.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "espalier/espalier.h"
#include "framework/engine_executor.h"
#include "framework/fixture_testing.h"

namespace espalier {
namespace {

using framework::testing::stats;
using framework::testing::tiny_model;

GenerationOptions greedy(std::size_t tokens) {
  return {.sampling = SamplingMode::greedy(), .maximum_response_tokens = tokens};
}

// What prefilling a prompt computes beyond the tokens of its own text.
std::size_t computed_beyond(LanguageModelSession& session, const SystemLanguageModel& model,
                            const std::string& text) {
  const std::uint64_t before = stats(model).computed_tokens;
  session.respond(text, greedy(1));  // one token, sampled from the prompt's logits
  return stats(model).computed_tokens - before - model.token_count(text);
}

void expect_turns_to_prefill_what_is_theirs(const SystemLanguageModel& model,
                                            std::size_t history_tokens) {
  LanguageModelSession session(model);
  std::string history;
  while (model.token_count(history) < history_tokens) history += "A pear tree grows on the wall. ";
  session.respond(history, greedy(1));
  std::set<std::size_t> beyond;
  for (const std::size_t words : {1, 5, 40}) {
    std::string text;
    for (std::size_t i = 0; i < words; ++i) text += "tree ";
    beyond.insert(computed_beyond(session, model, text + "?"));
  }
  // The same for every prompt: the end of the answer before it and what stands around a turn, which
  // is what an empty turn is.
  ASSERT_EQ(beyond.size(), 1U);
  Transcript empty_turn;
  empty_turn.append(Transcript::prompt("?"));
  empty_turn.append(Transcript::response(""));
  EXPECT_LE(*beyond.begin(), 1 + model.token_count(empty_turn));
}

TEST(Append, ATurnPrefillsItsOwnTokensAndTheFormats) {
  expect_turns_to_prefill_what_is_theirs(tiny_model(), 500);
}

TEST(RealModelAppend, ATurnOfAThousandTokenSessionPrefillsItsOwnTokensAndTheFormats) {
  if (const std::string reason = framework::testing::no_real_model(); !reason.empty()) {
    GTEST_SKIP() << reason;
  }
  expect_turns_to_prefill_what_is_theirs(SystemLanguageModel::default_model(), 1'000);
}

// The tokens of a conversation up to where the answer begins.
std::vector<base::TokenId> tokens_of(const SystemLanguageModel& model,
                                     const Transcript& transcript) {
  framework::ModelRuntime& runtime = *framework::EngineAccess::runtime(model);
  std::vector<base::TokenId> ids;
  runtime.append(transcript, ids);
  runtime.format().append_generation_prompt(runtime.tokenizer(), ids);
  return ids;
}

TEST(Append, AnEditInvalidatesFromThereOnAndNothingBefore) {
  const SystemLanguageModel model = tiny_model();
  framework::EngineExecutor executor(model);
  const auto cached = [&](const Transcript& transcript) {
    const auto answer = executor.respond({.transcript = transcript, .options = greedy(1)}, {});
    while (answer->next()) {
    }
    return answer->usage().cached_tokens;
  };
  std::vector<Transcript::Entry> entries;
  for (int i = 0; i < 4; ++i) {
    entries.push_back(Transcript::prompt("Question " + std::to_string(i)));
    entries.push_back(Transcript::response("Answer " + std::to_string(i)));
  }
  entries.push_back(Transcript::prompt("And now?"));
  const Transcript original(entries);
  const std::vector<base::TokenId> ids = tokens_of(model, original);
  for (std::size_t at = 0; at < entries.size(); ++at) {
    for (const bool keeps_id : {true, false}) {
      cached(original);
      std::vector<Transcript::Entry> edited = entries;
      std::visit(
          [&](auto& entry) {
            if constexpr (requires { entry.segments; }) {
              std::get<Transcript::TextSegment>(entry.segments[0]).text.back() = '!';
              if (!keeps_id) entry.id += " edited";
            }
          },
          edited[at]);
      const std::vector<base::TokenId> others = tokens_of(model, Transcript(edited));
      const auto [mine, theirs] = std::ranges::mismatch(ids, others);
      EXPECT_EQ(cached(Transcript(edited)), static_cast<std::size_t>(mine - ids.begin()))
          << at << keeps_id;
    }
  }
}

}  // namespace
}  // namespace espalier
