// Asks one question, and says what went wrong where something does.
//
//   example_ask "Name three rivers."
#include <espalier/espalier.h>

#include <iostream>

int main(int argc, char** argv) try {
  espalier::LanguageModelSession session("You answer in one short sentence.");
  const espalier::Response response =
      session.respond(argc > 1 ? argv[1] : "What is an espalier?",
                      {.sampling = espalier::SamplingMode::random_top_k(40, 7),
                       .temperature = 0.3,
                       .maximum_response_tokens = 100});
  std::cout << response.content << (response.is_complete ? "" : " …") << "\n";
  std::cout << response.usage.prompt_tokens << " tokens asked, " << response.usage.response_tokens
            << " answered\n";
} catch (const espalier::ExceededContextWindowSize& error) {
  std::cerr << "too long by " << error.tokens() - error.limit() << " tokens\n";
  return 1;
} catch (const espalier::Error& error) {
  std::cerr << espalier::name(error.code()) << ": " << error.what() << "\n";
  return 1;
}
