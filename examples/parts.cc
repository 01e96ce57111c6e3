// A prompt of several parts: a question, and a value of the app's own.
#include <espalier/espalier.h>

#include <iostream>
#include <string>

struct Meeting {
  std::string title;
  std::string room;
  int hour = 0;
};
ESPALIER_GENERABLE(Meeting, title, room, hour);

int main() try {
  const Meeting next = {"Hiring", "the library", 15};
  espalier::Prompt prompt("Invite a colleague to this meeting, in one sentence.");
  prompt.add(next);

  espalier::LanguageModelSession session;
  const espalier::GenerationOptions options = {.sampling = espalier::SamplingMode::greedy()};
  std::cout << session.respond(prompt, options).content << "\n";
} catch (const espalier::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
