// A schema that is known only at run time: what is on the menu today. And the choice, a value.
#include <espalier/espalier.h>

#include <iostream>
#include <string>
#include <vector>

using espalier::DynamicGenerationSchema;
using espalier::GenerationSchema;

GenerationSchema order_from(const std::vector<std::string>& soups,
                            const std::vector<std::string>& dishes) {
  using Dynamic = DynamicGenerationSchema;
  return GenerationSchema(Dynamic::object(
      "Order", {{.name = "soup", .schema = Dynamic::any_of("Soup", soups), .is_optional = true},
                {.name = "dish", .schema = Dynamic::any_of("Dish", dishes)},
                {.name = "guests",
                 .schema = Dynamic::of<int>({espalier::guides::range(1, 8)}),
                 .description = "how many people eat"}}));
}

int main() try {
  const GenerationSchema schema = order_from({"leek soup", "beet soup"}, {"trout", "dumplings"});
  espalier::LanguageModelSession session;
  const auto response = session.respond("Dumplings for the three of us, please.", schema,
                                        {.sampling = espalier::SamplingMode::greedy()});
  const espalier::GeneratedContent& order = response.content;
  std::cout << order.value<std::string>("dish") << " for " << order.value<int>("guests");
  if (const auto soup = order.value<std::optional<std::string>>("soup")) {
    std::cout << ", with " << *soup;
  }
  std::cout << "\n" << order.to_json() << "\n";
} catch (const espalier::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
