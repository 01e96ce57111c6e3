// What a model brings beside its weights: the tokenizer, the chat template, and what ends an
// answer.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/token.h"
#include "tensor/gguf_reader.h"
#include "text/vocabulary.h"

namespace espalier::engine {

struct PackageText {
  text::VocabularyData vocabulary;
  // The model's own template as it stands in the file; empty where there is none.
  std::string chat_template;
  // Tokens that end an answer whatever the chat format says, where a folder's settings name them.
  std::vector<base::TokenId> end_tokens = {};
};

// A model is a Hugging Face folder or else a GGUF file. What cannot be read counts as a file, whose
// reader says what is wrong with it.
bool is_folder(const std::filesystem::path& model);

// `rows`: how many tokens the embedding has. Throws InvalidFile naming the file and the fault,
// above all where the tokenizer has more tokens; AssetsUnavailable where a folder lacks a file.
PackageText read_package_text(const tensor::GgufFile& file, std::size_t rows);
PackageText read_package_text(const std::filesystem::path& folder, std::size_t rows);

}  // namespace espalier::engine
