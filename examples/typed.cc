// An answer as a value: the model fills the struct, and cannot write anything else.
#include <espalier/espalier.h>

#include <iostream>
#include <string>
#include <vector>

struct Person {
  std::string name;
  int born = 0;
  std::vector<std::string> known_for;
};
ESPALIER_GENERABLE(Person, name, (born, "the year", range(1000, 1999)), (known_for, count(2)));

int main() try {
  espalier::LanguageModelSession session;
  const Person person =
      session.respond<Person>("Ada Lovelace, born in 1815, wrote the first program.").content;
  std::cout << person.name << ", born " << person.born << ": " << person.known_for.at(0) << ", "
            << person.known_for.at(1) << "\n";
} catch (const espalier::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
