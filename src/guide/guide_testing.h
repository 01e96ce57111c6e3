// What tests of guides share: schemas as text, and a vocabulary of single bytes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "espalier/error.h"
#include "guide/matcher.h"

namespace espalier::guide::testing {

// Token i is byte i; 256 ends the answer. `words` follow.
inline std::shared_ptr<const TokenTrie> byte_trie(const std::vector<std::string>& words = {}) {
  std::vector<std::string> texts;
  for (int byte = 0; byte < 256; ++byte) texts.emplace_back(1, static_cast<char>(byte));
  texts.emplace_back();
  texts.insert(texts.end(), words.begin(), words.end());
  return TokenTrie::of_texts(std::move(texts), {256});
}

inline constexpr TokenId end_token = 256;

inline std::shared_ptr<const Guide> guide_of(const std::string& schema,
                                             const SchemaOptions& options = {}) {
  return Guide::of_schema(base::JsonDocument::parse("schema", schema).root(), options);
}

inline std::shared_ptr<const Guide> grammar_of(const std::string& grammar,
                                               const SchemaOptions& options = answer_options) {
  return Guide::of_grammar(base::JsonDocument::parse("grammar", grammar).root(), options);
}

// What `compile` says of why it does not; nothing where it does.
template <class Compile>
std::string refusal_of(const Compile& compile) {
  try {
    compile();
  } catch (const Error& fault) {
    return fault.what();
  }
  return "";
}

// Why the schema is refused; empty where it is not.
inline std::string refusal(const std::string& schema) {
  return refusal_of([&] { guide_of(schema); });
}

inline bool accepts(const std::shared_ptr<const Guide>& guide, std::string_view text) {
  static const auto trie = byte_trie();
  Matcher matcher(guide, trie);
  for (const char byte : text) {
    if (!matcher.accept(static_cast<unsigned char>(byte))) return false;
  }
  return matcher.accept(end_token);
}

inline bool accepts(const std::string& schema, std::string_view text) {
  return accepts(guide_of(schema), text);
}

}  // namespace espalier::guide::testing
