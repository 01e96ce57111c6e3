// A conversation on standard input and output. The session keeps what was said, so every question
// may lean on the ones before it.
#include <espalier/espalier.h>

#include <iostream>
#include <string>
#include <string_view>

int main() try {
  const espalier::SystemLanguageModel model = espalier::SystemLanguageModel::default_model();
  if (const espalier::Availability availability = model.availability(); !availability) {
    std::cerr << availability.message << "\n";
    return 1;
  }
  espalier::LanguageModelSession session(model, "You are a friendly gardener.");
  session.prewarm();

  for (std::string line; std::cout << "> " << std::flush && std::getline(std::cin, line);) {
    if (line.empty()) continue;
    // Every snapshot is the whole answer so far; a terminal wants only what is new.
    std::size_t shown = 0;
    for (const auto& snapshot : session.stream_response(line, {.maximum_response_tokens = 300})) {
      std::cout << std::string_view(snapshot.content).substr(shown) << std::flush;
      shown = snapshot.content.size();
    }
    std::cout << "\n";
  }
  std::cout << "\n" << session.transcript().size() << " entries in the transcript\n";
} catch (const espalier::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
