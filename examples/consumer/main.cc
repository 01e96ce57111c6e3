#include <espalier/espalier.h>

#include <iostream>

int main() {
  espalier::LanguageModelSession session("You answer in one short sentence.");
  std::cout << session.respond("What is the capital of France?").content << "\n";
  for (const auto& snapshot : session.stream_response("And what do people eat there?")) {
    std::cout << "\r" << snapshot.content << std::flush;
  }
  std::cout << "\n";
}
