// A conversation that outgrows its context window: it goes on with the instructions and the last
// turns. Every other failure has a name as well.
#include <espalier/espalier.h>

#include <iostream>
#include <string>

using namespace espalier;

// Asks; where the window is full, once more in a session with a shorter history.
std::string ask(LanguageModelSession& session, const SystemLanguageModel& model,
                const std::string& prompt) {
  const GenerationOptions options = {.maximum_response_tokens = 30};
  try {
    return session.respond(prompt, options).content;
  } catch (const ExceededContextWindowSize& full) {
    std::cout << "(" << full.tokens() << " tokens, " << full.limit() << " fit: condensed) ";
    session = session.with(condense(session.transcript(), model));
    return session.respond(prompt, options).content;
  }
}

int main() try {
  const SystemLanguageModel model = SystemLanguageModel::default_model();
  LanguageModelSession session(model, "You answer in one short sentence.");
  std::string story;
  while (model.token_count(story) < model.context_size() / 4)
    story += "The gardener waters a tree. ";
  for (int turn = 1; turn <= 4; ++turn) {
    std::cout << turn << ": " << std::flush;
    std::cout << ask(session, model, story + "What does the gardener do?") << "\n";
  }
} catch (const GuardrailViolation& error) {
  std::cerr << "not allowed: " << error.what() << "\n";
  return 1;
} catch (const AssetsUnavailable& error) {
  std::cerr << "no model: " << error.what() << "\n";
  return 1;
} catch (const Error& error) {
  std::cerr << name(error.code()) << ": " << error.what() << "\n";
  return 1;
}
