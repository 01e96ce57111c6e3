// Small vocabularies for tests and benchmarks.
#pragma once

#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/byte_level.h"
#include "text/space_mark.h"
#include "text/utf8.h"
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

// <unk> 0, <s> 1, </s> 2, then <0x00> to <0xFF>, then what makes each of `words` (UTF-8; a space at
// the front is a mark) from left to right, the first words with the highest scores, then their
// characters. In the manner of Llama 2's.
inline VocabularyData sentence_piece_of_words(const std::vector<std::string>& words) {
  VocabularyData data;
  data.origin = "test vocabulary";
  data.spelling = TokenSpelling::characters;
  data.pre_tokenizer = "whole";
  data.tokens = {"<unk>", "<s>", "</s>"};
  data.kinds = {TokenKind::unknown, TokenKind::control, TokenKind::control};
  for (unsigned byte = 0; byte < 256; ++byte)
    data.tokens.push_back(fmt::format("<0x{:02X}>", byte));
  data.kinds.resize(data.tokens.size(), TokenKind::byte);
  std::set<std::string> made;
  std::vector<std::string> characters;
  const auto add = [&](std::string text, std::vector<std::string>& list) {
    if (made.insert(text).second) list.push_back(std::move(text));
  };
  add(std::string(space_mark), characters);
  for (const std::string& word : words) {
    std::string text;
    for (std::string_view rest = word; !rest.empty();) {
      const std::size_t size = first_character(rest).size;
      const std::string character(rest[0] == ' ' ? space_mark : rest.substr(0, size));
      add(character, characters);
      text += character;
      if (text.size() > character.size()) add(text, data.tokens);
      rest.remove_prefix(size);
    }
  }
  data.tokens.insert(data.tokens.end(), characters.begin(), characters.end());
  data.kinds.resize(data.tokens.size(), TokenKind::normal);
  for (std::size_t id = 0; id < data.tokens.size(); ++id) {
    data.scores.push_back(-static_cast<float>(id));
  }
  data.text_rules = {{TextRule::Kind::prepend, "", std::string(space_mark)},
                     {TextRule::Kind::replace, " ", std::string(space_mark)}};
  data.decode.replace = {{TextRule::Kind::replace, std::string(space_mark), " "}};
  data.decode.strip_spaces = 1;
  data.unknown = 0;
  data.bos = 1;
  data.eos = 2;
  data.use_unknown = data.fuse_unknown = data.add_bos = true;
  return data;
}

}  // namespace espalier::text
