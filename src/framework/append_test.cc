// What a turn costs in a session that is long already.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "espalier/espalier.h"
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

}  // namespace
}  // namespace espalier
