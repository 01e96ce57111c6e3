// A model as a user has it: a GGUF file or a Hugging Face folder with weights, tokenizer and chat
// template, ready for an engine.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/token.h"
#include "model/model.h"
#include "text/chat_format.h"
#include "text/tokenizer.h"

namespace espalier::engine {

struct ModelPackage {
  std::shared_ptr<const model::Model> model;
  std::shared_ptr<const text::Tokenizer> tokenizer;
  // The model's own template as it stands in the file; empty where there is none. Read it with
  // text::ChatFormat::from_template, which throws where it is unknown: a base model without a
  // template can still be measured.
  std::string chat_template;
  // Tokens that end an answer whatever the chat format says, where a folder's settings name them.
  std::vector<base::TokenId> end_tokens = {};
};

// Reads a GGUF file or a folder; `threads` repack its weights. Throws InvalidFile or
// AssetsUnavailable naming the file and the fault.
ModelPackage load_package(const std::filesystem::path& path, int threads);

// The tokenizer alone, for work that needs no weights.
std::shared_ptr<const text::Tokenizer> load_tokenizer(const std::filesystem::path& path);

}  // namespace espalier::engine
