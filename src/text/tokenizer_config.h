// tokenizer_config.json, which stands beside tokenizer.json and says what its tokens are for, and
// the chat template, which stands in it or in a file of its own.
//
//   FolderTokenizer read = read_tokenizer_folder(folder);
//   const Tokenizer tokenizer(read.vocabulary);
#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"
#include "text/vocabulary.h"

namespace espalier::text {

// Adds to `data` what the document says: bos_token, eos_token, pad_token, add_bos_token,
// add_eos_token. Other members are for other programs. Throws InvalidFile naming file, byte, path
// and fault, above all a token that the vocabulary lacks.
void read_tokenizer_config(const base::JsonDocument& document, VocabularyData& data);

// The document's chat_template: text, or of a list of named ones "default"; empty where there is
// none.
std::string read_chat_template(const base::JsonDocument& document);

// The text of a tokenizer_config.json that says of `data` what read_tokenizer_config() reads.
// Throws InvalidFile where the template is not UTF-8.
std::string write_tokenizer_config(const VocabularyData& data, const std::string& chat_template,
                                   std::size_t context);

struct FolderTokenizer {
  VocabularyData vocabulary;
  std::string chat_template;  // empty where the folder has none
};

// Reads tokenizer.json, tokenizer_config.json where it is there, and chat_template.jinja, which
// stands before what the configuration says. Throws AssetsUnavailable where there is no
// tokenizer.json.
FolderTokenizer read_tokenizer_folder(const std::filesystem::path& folder);

}  // namespace espalier::text
