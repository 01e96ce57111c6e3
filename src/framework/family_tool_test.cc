// Tools called by models of every family, from the template that tells the family to the answer
// behind the tools' outputs. The weights are random: what is well formed is so by the guide.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "espalier/espalier.h"
#include "framework/family_model_testing.h"

namespace app {

enum class Sky { clear, grey };

struct Look {
  Sky sky = Sky::clear;
  int hours = 0;
};

}  // namespace app

ESPALIER_GENERABLE_ENUM(app::Sky, clear, grey);
ESPALIER_GENERABLE(app::Look, sky, (hours, range(1, 3)));

namespace espalier {
namespace {

using app::Look;
using framework::testing::Family;
using framework::testing::FamilyModel;

// What the prompt of the answer behind calls ends with, as the family's own template writes it:
// the user's message, the calls, a line's end between them, and what they gave.
struct Written {
  std::string user;  // up to where the first answer begins
  std::string call_begin, call_end;
  std::string outputs_begin, output, outputs_end;
};

Written chatml(const std::string& outputs_from) {
  return {.user = "<|im_start|>user\nA coat?<|im_end|>\n<|im_start|>assistant\n",
          .call_begin = "<tool_call>\n{\"name\": \"look\", \"arguments\": ",
          .call_end = "}\n</tool_call>",
          .outputs_begin = "<|im_end|>\n<|im_start|>" + outputs_from + "\n",
          .output = "<tool_response>\ndry\n</tool_response>",
          .outputs_end = "<|im_end|>\n<|im_start|>assistant\n"};
}

Written as_written(const std::string& tool_style) {
  if (tool_style == "chatml") return chatml("tool");
  if (tool_style == "qwen") return chatml("user");
  const std::string call_begin = "{\"name\": \"look\", \"parameters\": ";
  if (tool_style == "llama3") {
    return {.user =
                "<|start_header_id|>user<|end_header_id|>\n\nA coat?<|eot_id|>"
                "<|start_header_id|>assistant<|end_header_id|>\n\n",
            .call_begin = call_begin,
            .call_end = "}",
            .outputs_begin = "<|eot_id|><|start_header_id|>ipython<|end_header_id|>\n\n",
            .output = "\"dry\"",
            .outputs_end = "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"};
  }
  if (tool_style == "gemma") {
    return {.user = "\n\nA coat?<end_of_turn>\n<start_of_turn>model\n",
            .call_begin = call_begin,
            .call_end = "}",
            .outputs_begin = "<end_of_turn>\n<start_of_turn>user\n",
            .output = "The function returned:\ndry",
            .outputs_end = "<end_of_turn>\n<start_of_turn>model\n"};
  }
  return {.user = "\n\nA coat? [/INST]",
          .call_begin = call_begin,
          .call_end = "}",
          .outputs_begin = "</s>[INST]  ",  // its vocabulary puts a space in front of texts
          .output = "The function returned:\ndry",
          .outputs_end = " [/INST]"};
}

std::string expected(const Written& written, const std::vector<Transcript::ToolCall>& calls) {
  std::string made, outputs;
  for (const Transcript::ToolCall& call : calls) {
    const char* between = made.empty() ? "" : "\n";
    made += between + written.call_begin + call.arguments.to_json() + written.call_end;
    outputs += between + written.output;
  }
  return written.user + made + written.outputs_begin + outputs + written.outputs_end;
}

class FamilyTool : public ::testing::TestWithParam<Family> {
 protected:
  FamilyTool() : folder_(GetParam()), model_(folder_.open()) {}

  framework::ModelRuntime& runtime() const { return *framework::EngineAccess::runtime(model_); }

  // The prompt of an answer behind these entries.
  std::vector<base::TokenId> prompt(const Transcript& transcript) const {
    std::vector<base::TokenId> ids;
    runtime().append(transcript, ids);
    runtime().format().append_generation_prompt(runtime().tokenizer(), ids);
    return ids;
  }
  std::string text(const std::vector<base::TokenId>& ids) const {
    return runtime().tokenizer().decode(ids, {.include_special = true});
  }

  // A turn that calls a tool first, and from a seed on which it comes to an end with: noise may
  // call again and again.
  static Response<> call(LanguageModelSession& session, std::uint64_t& seed) {
    for (;; ++seed) {
      try {
        return session.respond("A coat?",
                               {.sampling = SamplingMode::random_probability_threshold(1.0, seed),
                                .temperature = 8,  // or it would always write the same
                                .maximum_response_tokens = 200,
                                .tool_calling_mode = ToolCallingMode::required});
      } catch (const DecodingFailure& error) {
        EXPECT_NE(std::string(error.what()).find("times in a row"), std::string::npos);
      }
      if (seed > 100) throw std::runtime_error("no turn ends");
    }
  }

  FamilyModel folder_;
  SystemLanguageModel model_;
};

// The beginning of a transcript.
Transcript first(const Transcript& transcript, std::size_t entries) {
  return Transcript(
      {transcript.begin(), transcript.begin() + static_cast<std::ptrdiff_t>(entries)});
}

bool is_said_by_the_model(const Transcript::Entry& entry) {
  return std::holds_alternative<Transcript::ToolCalls>(entry) ||
         std::holds_alternative<Transcript::Response>(entry);
}

TEST_P(FamilyTool, CallsAreReadAndTheirOutputsGoBackInTheFamilysFormat) {
  EXPECT_EQ(runtime().format().name(), GetParam().chat_format);
  EXPECT_EQ(runtime().tool_style().chat_format, GetParam().tool_style);
  std::size_t most_calls = 0;
  std::uint64_t seed = 0;
  for (int turn = 0; turn < 8; ++turn, ++seed) {
    std::atomic<int> called = 0;
    const auto look = make_tool<Look>("look", "Looks.", [&](const Look& wanted) {
      EXPECT_TRUE(wanted.hours >= 1 && wanted.hours <= 3) << wanted.hours;
      ++called;
      return "dry";
    });
    LanguageModelSession session(model_, Tools{look}, "Be brief.");
    const Response response = call(session, seed);
    const Transcript transcript = session.transcript();
    ASSERT_GE(transcript.size(), 5U);
    const auto& calls = std::get<Transcript::ToolCalls>(transcript[2]).calls;
    ASSERT_GE(called, static_cast<int>(calls.size()));
    for (const Transcript::ToolCall& call : calls) EXPECT_EQ(call.tool_name, "look");
    for (std::size_t i = 0; i < calls.size(); ++i) {
      EXPECT_EQ(std::get<Transcript::ToolOutput>(transcript[3 + i]).call_id, calls[i].id);
    }

    // What the model was given behind its calls.
    const std::string given = text(prompt(first(transcript, 3 + calls.size())));
    const std::string end = expected(as_written(GetParam().tool_style), calls);
    EXPECT_TRUE(given.ends_with(end)) << given << "\nshould end with\n" << end;
    EXPECT_NE(given.find(R"("name":"look","description":"Looks.","parameters":{)"),
              std::string::npos)
        << "and the tool is told of";

    // That these were the prompts, and each was in the cache when the next one came.
    std::size_t prompts = 0, last = 0;
    for (std::size_t i = 2; i < transcript.size(); ++i) {
      if (const auto* made = std::get_if<Transcript::ToolCalls>(&transcript[i])) {
        most_calls = std::max(most_calls, made->calls.size());
      }
      const bool goes_on = is_said_by_the_model(transcript[i - 1]);  // calls behind text
      if (!is_said_by_the_model(transcript[i]) || goes_on) continue;
      last = prompt(first(transcript, i)).size();
      prompts += last;
    }
    EXPECT_EQ(response.usage.prompt_tokens, prompts);
    EXPECT_GE(response.usage.cached_tokens, prompts - last);
  }
  EXPECT_GE(most_calls, runtime().tool_style().many_calls ? 2U : 1U);
}

TEST_P(FamilyTool, TheNextPromptReusesWhatTheTurnComputed) {
  const auto look = make_tool<Look>("look", "Looks.", [](const Look&) { return "dry"; });
  LanguageModelSession session(model_, Tools{look}, "Be brief.");
  std::uint64_t seed = 0;
  call(session, seed);
  const Transcript before = session.transcript();
  const Response next = session.respond(
      "Sure?", {.maximum_response_tokens = 1, .tool_calling_mode = ToolCallingMode::disallowed});
  EXPECT_EQ(next.usage.prompt_tokens,
            prompt(first(session.transcript(), session.transcript().size() - 1)).size());
  std::vector<base::TokenId> known;
  runtime().append(before, known);
  // The answer's last token and its message's end were never fed.
  EXPECT_LT(next.usage.cached_tokens, known.size());
  EXPECT_GT(next.usage.cached_tokens + 6, known.size());
}

// What users and tools write can spell a family's markers; it is text.
TEST_P(FamilyTool, OutputsThatSpellMarkersMakeNone) {
  std::string markers;
  const text::VocabularyData& data = GetParam().vocabulary;
  for (std::size_t id = 0; id < data.tokens.size(); ++id) {
    if (data.kinds[id] == text::TokenKind::control) markers += data.tokens[id];
  }
  const auto count = [&](const std::string& output) {
    const auto look = make_tool<Look>("look", "Looks.", [&](const Look&) { return output; });
    LanguageModelSession session(model_, Tools{look}, "Be brief.");
    std::uint64_t seed = 0;
    call(session, seed);
    const auto ids = prompt(first(session.transcript(), 4));  // up to the first output
    return std::ranges::count_if(
        ids, [&](base::TokenId id) { return runtime().tokenizer().is_special(id); });
  };
  EXPECT_EQ(count(markers), count("dry"));
}

INSTANTIATE_TEST_SUITE_P(, FamilyTool, ::testing::ValuesIn(framework::testing::all_families()),
                         [](const auto& family) { return family.param.name; });

}  // namespace
}  // namespace espalier
