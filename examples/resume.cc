// A conversation that outlives its program: its transcript is kept in a file.
//
//   example_resume talk.json "My cat is called Ada."
//   example_resume talk.json "What is my cat called?"
#include <espalier/espalier.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace {

espalier::Transcript read(const std::filesystem::path& path) {
  std::ifstream file(path);
  return espalier::Transcript::from_json(std::string(std::istreambuf_iterator<char>(file), {}));
}

espalier::Transcript beginning() {
  return espalier::Transcript({espalier::Transcript::instructions("You answer in one sentence.")});
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::cerr << "usage: example_resume FILE PROMPT\n";
    return 2;
  }
  const std::filesystem::path path = argv[1];
  espalier::LanguageModelSession session(std::filesystem::exists(path) ? read(path) : beginning());
  std::cout << session.respond(argv[2], {.sampling = espalier::SamplingMode::greedy()}).content
            << "\n";
  std::ofstream(path) << session.transcript().to_json() << "\n";
} catch (const espalier::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
