// espalier chat: a conversation, or one answer off a terminal.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "cli/answering.h"
#include "cli/chat_loop.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace espalier::cli {
namespace {

constexpr const char* description = R"(talk with a model

At a terminal: type a message, read the answer as it is made. The model sees the whole conversation. /help lists what else can be typed; Ctrl-C stops an answer, Ctrl-D leaves. What was typed is kept for the arrow keys in $XDG_STATE_HOME/espalier/history (~/.local/state/espalier/history).
When the context window is full, chat offers to go on from a condensed history: the instructions, and the last turns that fit half the window.
With --prompt, or where standard input is no terminal, it answers once: the prompt, what standard input holds, or, where that is empty, a question of its own to show that all is well.)";

constexpr const char* examples = R"(espalier chat
espalier chat --system "You are a patient teacher." --stats
espalier chat --prompt "Tell me a joke."
echo "What is a noun?" | espalier chat
espalier chat </dev/null)";

// One that even the smallest model answers well.
constexpr const char* built_in_question = "What is a language model, in one sentence?";

void answer_once(const ChatOptions& options, const std::string& prompt) {
  LanguageModelSession session(open_model(options.engine), options.system);
  const Answer result = answer(session, prompt, turn_settings(options.sampling), {},
                               [](std::string_view piece) { print(piece); });
  if (!result.response.content.ends_with('\n')) print("\n");
  if (options.stats) remark(fmt::format("[{}]\n", describe(result)));
}

void answer_off_terminal(ChatOptions options) {
  std::string prompt = read_standard_input();
  if (prompt.find_first_not_of(" \t\r\n") == std::string::npos) {
    prompt = built_in_question;
    options.sampling.temperature = 0;  // the same answer every time
    print(fmt::format("> {}\n", prompt));
  }
  answer_once(options, prompt);
  remark(
      "\nStandard input is no terminal, so this was all. To go on:\n"
      "  espalier chat                      at a terminal: a conversation\n"
      "  espalier chat --prompt \"…\"         one answer\n"
      "  espalier --help                    what else there is\n");
}

void chat(const ChatOptions& options) {
  if (!options.prompt.empty()) {
    answer_once(options, text_or_standard_input(options.prompt));
  } else if (isatty(STDIN_FILENO) == 1) {
    chat_loop(options);
  } else {
    answer_off_terminal(options);
  }
}

}  // namespace

void add_chat(CLI::App& program) {
  CLI::App* command = program.add_subcommand("chat", description);
  command->footer(examples);
  const auto options = std::make_shared<ChatOptions>();
  command->add_option("--prompt", options->prompt, "Answer this and end; - reads standard input.")
      ->type_name("TEXT");
  command
      ->add_option(
          "--system", options->system,
          "Instructions: what the model is to be. Default: what its file says, if it does.")
      ->type_name("TEXT");
  command->add_flag("--stats", options->stats, "After each answer, print tokens and speed.");
  add_sampling_options(*command, options->sampling);
  add_engine_options(*command, options->engine);
  add_chat_format_option(*command, options->engine);
  command->callback([options] { chat(*options); });
}

}  // namespace espalier::cli
