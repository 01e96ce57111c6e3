// Small vocabularies for tests and benchmarks.
#pragma once

#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "text/byte_level.h"
#include "text/vocabulary.h"

namespace espalier::text {

// <|endoftext|> 0, <|im_start|> 1, <|im_end|> 2, then the 256 bytes, then what the merges make:
// each of `words` (any bytes) from left to right, its prefixes on the way.
inline VocabularyData vocabulary_of_words(const std::vector<std::string>& words,
                                          std::string_view pre_tokenizer) {
  VocabularyData data;
  data.origin = "test vocabulary";
  data.pre_tokenizer = pre_tokenizer;
  data.tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
  data.kinds.assign(3, TokenKind::control);
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char value = static_cast<char>(byte);
    data.tokens.push_back(spell_bytes({&value, 1}));
  }
  std::set<std::string> made;
  for (const std::string& word : words) {
    for (std::size_t size = 2; size <= word.size(); ++size) {
      const std::string left = spell_bytes(std::string_view(word).substr(0, size - 1));
      const std::string right = spell_bytes(std::string_view(word).substr(size - 1, 1));
      if (!made.insert(left + right).second) continue;
      data.merges.push_back(fmt::format("{} {}", left, right));
      data.tokens.push_back(left + right);
    }
  }
  data.kinds.resize(data.tokens.size(), TokenKind::normal);
  data.bos = 1;
  data.eos = 2;
  data.unknown = 0;
  return data;
}

}  // namespace espalier::text
