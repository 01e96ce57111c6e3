// What a text is about: content tagging, which has instructions and a schema of its own.
#include <espalier/espalier.h>

#include <iostream>

int main() try {
  const espalier::SystemLanguageModel model({.use_case = espalier::UseCase::content_tagging});
  espalier::LanguageModelSession session(model);
  const auto response = session.respond<espalier::ContentTags>(
      "Espaliers are trees that are trained flat against a wall. Pears and apples bear early and "
      "well on them, and a small garden has room for several.");
  for (const std::string& tag : response.content.tags) std::cout << "#" << tag << "\n";
} catch (const espalier::GuardrailViolation& error) {
  std::cerr << "not tagged: " << error.what() << "\n";
  return 2;
} catch (const espalier::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
