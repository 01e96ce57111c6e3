#include "engine/package_text.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "engine/end_tokens.h"
#include "engine/gguf_vocabulary.h"
#include "espalier/error.h"
#include "text/tokenizer_config.h"

namespace espalier::engine {
namespace {

void require_a_row_for_each_token(const text::VocabularyData& vocabulary, std::size_t rows) {
  if (vocabulary.tokens.size() <= rows) return;
  throw InvalidFile(fmt::format("{}: the tokenizer has {} tokens, the embedding only {} rows",
                                vocabulary.origin, vocabulary.tokens.size(), rows));
}

}  // namespace

bool is_folder(const std::filesystem::path& model) {
  std::error_code unreadable;
  return std::filesystem::is_directory(model, unreadable);
}

PackageText read_package_text(const tensor::GgufFile& file, std::size_t rows) {
  PackageText read;
  read.vocabulary = read_vocabulary(file);
  require_a_row_for_each_token(read.vocabulary, rows);
  read.chat_template = file.metadata().find_string("tokenizer.chat_template").value_or("");
  return read;
}

PackageText read_package_text(const std::filesystem::path& folder, std::size_t rows) {
  text::FolderTokenizer tokenizer = text::read_tokenizer_folder(folder);
  PackageText read;
  read.vocabulary = std::move(tokenizer.vocabulary);
  require_a_row_for_each_token(read.vocabulary, rows);
  read.chat_template = std::move(tokenizer.chat_template);
  read.end_tokens = read_end_tokens(folder, rows);
  if (!read.vocabulary.eos && !read.end_tokens.empty()) {
    read.vocabulary.eos = read.end_tokens.front();
  }
  return read;
}

}  // namespace espalier::engine
