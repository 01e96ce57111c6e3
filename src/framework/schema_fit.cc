#include "framework/schema_fit.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "framework/number_spelling.h"
#include "framework/schema_access.h"
#include "guide/matcher.h"
#include "guide/token_trie.h"

namespace espalier::framework {
namespace {

constexpr base::TokenId end_token = 256;

// Token i is byte i: a guide reads any text in these.
std::shared_ptr<const guide::TokenTrie> bytes() {
  static const auto trie = [] {
    std::vector<std::string> texts;
    for (int byte = 0; byte < end_token; ++byte) texts.emplace_back(1, static_cast<char>(byte));
    texts.emplace_back();
    return guide::TokenTrie::of_texts(std::move(texts), {end_token});
  }();
  return trie;
}

// Numbers as a guide may want them: it lets through no exponent where there is a bound or divisor,
// and one spelling of each number where no two may be equal.
GeneratedContent by_value(const GeneratedContent& content) {
  switch (content.kind()) {
    case GeneratedContent::Kind::number:
      return GeneratedContent::spelled_number(plain_number(content.text()));
    case GeneratedContent::Kind::array: {
      std::vector<GeneratedContent> elements;
      for (const GeneratedContent& each : content.elements()) elements.push_back(by_value(each));
      return GeneratedContent::array(std::move(elements));
    }
    case GeneratedContent::Kind::structure: {
      std::vector<GeneratedContent::Property> properties;
      for (const auto& [key, value] : content.properties()) {
        properties.push_back({key, by_value(value)});
      }
      return GeneratedContent::structure(std::move(properties));
    }
    default:
      return content;
  }
}

}  // namespace

bool fits(const GeneratedContent& content, const GenerationSchema& schema) {
  if (!content.is_complete()) return false;
  guide::Matcher matcher(SchemaAccess::reading_guide(schema), bytes());
  for (const char byte : by_value(content).to_json()) {
    if (!matcher.accept(static_cast<unsigned char>(byte))) return false;
  }
  return matcher.accept(end_token);
}

}  // namespace espalier::framework
