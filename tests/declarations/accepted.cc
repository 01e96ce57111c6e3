// Declarations that compile without a warning.
#include <array>
#include <concepts>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "espalier/generable.h"

#define TEN(prefix)                                                                       \
  prefix##0, prefix##1, prefix##2, prefix##3, prefix##4, prefix##5, prefix##6, prefix##7, \
      prefix##8, prefix##9

struct Nothing {};

struct Named {
  std::string name;
};
struct Inherits : Named {
  std::array<int, 3> numbers = {};
  std::unordered_map<std::string, Nothing> rest;
  std::variant<Named, std::vector<Nothing>> either;
  std::unique_ptr<Inherits> twin;
  std::vector<Inherits> children;
};

enum class Wide { TEN(a), TEN(b), TEN(c), TEN(d), TEN(e), TEN(f), TEN(g), TEN(h), TEN(i), TEN(j) };

ESPALIER_GENERABLE(Nothing);
ESPALIER_GENERABLE_NAMED(Named, "Name", "what it is called", name);
ESPALIER_GENERABLE_AS(Inherits, "a thing", (name, "of the thing", pattern("^[a-z]+$")),
                      (numbers, element(range(1, 6))), rest, either, twin, children);
ESPALIER_GENERABLE_ENUM(Wide, (a0, "the first, of all"), a1, a2, a3, a4, a5, a6, a7, a8, a9, TEN(b),
                        TEN(c), TEN(d), TEN(e), TEN(f), TEN(g), TEN(h), TEN(i), TEN(j));

static_assert(espalier::Generable<std::map<std::string, std::optional<Wide>>>);
static_assert(!espalier::Generable<std::vector<void*>>, "no more than what is in it");
static_assert(!espalier::Generable<std::variant<Named, std::array<char*, 2>>>);
static_assert(std::equality_comparable<espalier::PartiallyGenerated<Inherits>>);

int main() {
  using espalier::GeneratedContent;
  const auto content = GeneratedContent::of(Inherits{});
  return static_cast<int>(content.value<Inherits>().children.size() +
                          espalier::partially<Inherits>(content)->children->size() +
                          espalier::GenerationSchema::of<Nothing>().name().size());
}
