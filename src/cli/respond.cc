// espalier respond: one prompt, one answer.
#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/answering.h"
#include "cli/commands.h"
#include "cli/guide_input.h"
#include "cli/options.h"
#include "cli/output.h"
#include "framework/engine_access.h"

namespace espalier::cli {
namespace {

constexpr const char* description = R"(answer one prompt

Prints the model's answer to one prompt as it is made. With --json it prints the answer at its end as an object:
  text, finish_reason ("stop"; "incomplete" where a limit cut it), is_complete,
  prompt_tokens, response_tokens, seed, load_ms, ttft_ms (request to first text),
  total_ms, decode_tok_s.
With a guide the answer is what the guide says, whatever the model would rather write: JSON that fits a schema (--schema), a text that matches a regular expression (--regex), one of some texts (--choices), or what a grammar composes of these and of free text (--grammar). What cannot be held to exactly is refused before anything is computed. Say in the prompt what is wanted: the model does not see the guide. An answer that a limit cuts does not fit the guide, and is said to be incomplete.
A prompt that does not fit the context window is an error before anything is computed.)";

constexpr const char* examples = R"(espalier respond --prompt "Name three rivers."
espalier respond --prompt - < letter.txt
espalier respond --system "Answer in French." --prompt "Hello!" --seed 7
espalier respond --schema person.json --prompt "Ada Lovelace, born in 1815, as JSON."
espalier respond --choices yes,no --prompt "Is Rome in Italy?"
espalier respond --regex "[0-9]{4}-[0-9]{2}-[0-9]{2}" --prompt "When did the Titanic sink?"
espalier respond --grammar tools.json --prompt "What is the weather in Oslo?"
espalier respond --json --max-tokens 64 --prompt "What is tea?")";

struct Options {
  EngineOptions engine;
  SamplingOptions sampling;
  std::string prompt;
  std::string system;
  GuideInput guide;
  bool json = false;
};

void respond(const Options& options) {
  const std::string prompt = text_or_standard_input(options.prompt);
  framework::TurnSettings settings = turn_settings(options.sampling);
  const SystemLanguageModel model = open_model(options.engine);
  const auto start = std::chrono::steady_clock::now();
  const auto runtime = framework::EngineAccess::runtime(model);
  const double load_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  settings.guide = guide_of(options.guide, runtime->tokenizer().missing_bytes());

  LanguageModelSession session(model, options.system);
  const Answer result = answer(session, prompt, settings, {}, [&](std::string_view piece) {
    if (!options.json) print(piece);
  });
  const Response<>& response = result.response;
  if (!options.json) {
    if (!response.content.ends_with('\n')) print("\n");
    if (!response.is_complete) complain("the answer was cut by --max-tokens or the context window");
    return;
  }
  print_json(nlohmann::ordered_json{
      {"text", response.content},
      {"finish_reason", response.is_complete ? "stop" : "incomplete"},
      {"is_complete", response.is_complete},
      {"prompt_tokens", response.usage.prompt_tokens},
      {"response_tokens", response.usage.response_tokens},
      {"seed", settings.sampling.seed},
      {"load_ms", load_ms},
      {"ttft_ms", result.first_ms},
      {"total_ms", result.total_ms},
      {"decode_tok_s", result.decode_tok_s},
  });
}

}  // namespace

void add_respond(CLI::App& program) {
  CLI::App* command = program.add_subcommand("respond", description);
  command->footer(examples);
  const auto options = std::make_shared<Options>();
  command->add_option("--prompt", options->prompt, "What to answer; - reads standard input.")
      ->type_name("TEXT")
      ->required();
  command->add_option("--system", options->system, "Instructions that stand before the prompt.")
      ->type_name("TEXT");
  add_guide_options(*command, options->guide);
  add_json_option(*command, options->json);
  add_sampling_options(*command, options->sampling);
  add_engine_options(*command, options->engine);
  add_chat_format_option(*command, options->engine);
  command->callback([options] { respond(*options); });
}

}  // namespace espalier::cli
