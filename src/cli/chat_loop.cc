#include "cli/chat_loop.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "cli/answering.h"
#include "cli/interrupt.h"
#include "cli/line_editor.h"
#include "cli/output.h"
#include "espalier/condense.h"
#include "espalier/error.h"
#include "espalier/session.h"

namespace espalier::cli {
namespace {

constexpr std::string_view help =
    R"(Type a message and press Enter. The model sees the whole conversation.
  /help      this list
  /stats     figures of the last answer, and how full the context window is
  /clear     forget the conversation; instructions stay
  /condense  forget all but the last turns: what fits half the context window
  /quit      leave; so does Ctrl-D
Ctrl-C stops an answer; that turn is then forgotten. Twice in a row it leaves.
)";

// Loaded, so that what is wrong with the model is said before anything is typed.
LanguageModelSession warm_session(const SystemLanguageModel& model, const std::string& system) {
  LanguageModelSession session(model, system);
  session.prewarm();
  return session;
}

class Chat {
 public:
  explicit Chat(const ChatOptions& options)
      : options_(options),
        model_(open_model(options.engine)),
        session_(warm_session(model_, options.system)),
        editor_(history_file(), [this] { return interrupts_.came(); }) {}

  void run() {
    print("Type a message, /help for more, Ctrl-D to leave.\n");
    bool leaving = false;
    while (true) {
      interrupts_.arm();
      const std::optional<std::string> line = editor_.read_line("> ");
      if (!line && interrupts_.came() && !leaving) {
        leaving = true;
        print("\n(Ctrl-C again, or Ctrl-D, leaves)\n");
        continue;
      }
      if (!line) break;
      leaving = false;
      if (line->find_first_not_of(" \t") == std::string::npos) continue;
      editor_.remember(*line);
      if (line->starts_with('/')) {
        if (!command(*line)) break;
      } else {
        take_turn(*line);
      }
    }
    print("\n");
  }

 private:
  // False to leave.
  bool command(const std::string& line) {
    const std::string word = line.substr(0, line.find(' '));
    if (word == "/quit" || word == "/exit") return false;
    if (word == "/help") {
      print(help);
    } else if (word == "/stats") {
      print_stats();
    } else if (word == "/clear") {
      session_ = LanguageModelSession(model_, options_.system);
      print("The conversation is forgotten.\n");
    } else if (word == "/condense") {
      start_condensed();
    } else {
      print(fmt::format("{} is no command; /help lists them.\n", word));
    }
    return true;
  }

  void take_turn(const std::string& prompt) {
    try {
      if (!attempt(prompt) && wants_condensed()) start_condensed();
    } catch (const ExceededContextWindowSize& full) {
      print(fmt::format("{}\n", full.what()));
      if (!has_history()) return;
      if (!fits_condensed(full)) {
        print("Even a condensed history leaves no room for this message: shorten it, or /clear.\n");
      } else if (wants_condensed()) {
        start_condensed();
        if (!attempt(prompt) && wants_condensed()) start_condensed();
      }
    }
  }

  // Whether what did not fit would, so that no history is given up for nothing.
  bool fits_condensed(const ExceededContextWindowSize& full) const {
    const Transcript history = session_.transcript();
    const std::size_t message = full.tokens() - model_.token_count(history);
    const Transcript shorter = condense(history, model_);
    return message + model_.token_count(shorter) <= full.limit();
  }

  // False where the end of the context window cut the answer.
  bool attempt(const std::string& prompt) {
    try {
      last_ = answer(session_, prompt, turn_settings(options_.sampling), interrupts_.arm(),
                     [](std::string_view piece) { print(piece); });
    } catch (const Cancelled&) {
      print("\n(stopped; this turn is forgotten)\n");
      return true;
    }
    print("\n");
    if (options_.stats) print(fmt::format("[{}]\n", describe(*last_)));
    const Usage& usage = last_->response.usage;
    if (last_->response.is_complete) return true;
    if (usage.response_tokens == options_.sampling.max_tokens) {
      print("(cut by --max-tokens)\n");
      return true;
    }
    print(fmt::format("(cut: the context window of {} tokens is full)\n", model_.context_size()));
    return false;
  }

  bool has_history() const {
    return session_.transcript().size() > (options_.system.empty() ? 0U : 1U);
  }

  bool wants_condensed() {
    interrupts_.arm();
    const std::optional<std::string> reply = editor_.read_line(
        "Go on from a condensed history, the instructions and the last turns? [Y/n] ");
    return reply && (reply->empty() || (*reply)[0] == 'y' || (*reply)[0] == 'Y');
  }

  void start_condensed() {
    const Transcript before = session_.transcript();
    const Transcript shorter = condense(before, model_);
    session_ = LanguageModelSession(model_, shorter);
    print(fmt::format("Kept {} of {} tokens, the newest whole turns that fit {}.\n",
                      model_.token_count(shorter), model_.token_count(before),
                      model_.context_size() / 2));
  }

  void print_stats() {
    print(last_ ? describe(*last_) + "\n" : "No answer yet.\n");
    print(fmt::format("The conversation has {} tokens; the context window holds {}.\n",
                      model_.token_count(session_.transcript()), model_.context_size()));
  }

  const ChatOptions& options_;
  SystemLanguageModel model_;
  LanguageModelSession session_;
  Interrupts interrupts_;  // not before the model is there: until then Ctrl-C ends the program
  LineEditor editor_;
  std::optional<Answer> last_;
};

}  // namespace

void chat_loop(const ChatOptions& options) { Chat(options).run(); }

}  // namespace espalier::cli
