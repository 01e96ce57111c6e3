#include "engine/model_package.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "base/thread_pool.h"
#include "engine/end_tokens.h"
#include "engine/gguf_vocabulary.h"
#include "espalier/error.h"
#include "model/load_folder.h"
#include "model/load_gguf.h"
#include "tensor/gguf_reader.h"
#include "text/tokenizer_config.h"

namespace espalier::engine {
namespace {

bool is_folder(const std::filesystem::path& path) {
  std::error_code unreadable;
  return std::filesystem::is_directory(path, unreadable);
}

void require_a_row_for_each_token(const ModelPackage& package, const std::string& name) {
  if (package.tokenizer->vocabulary_size() > package.model->config.vocabulary) {
    throw InvalidFile(fmt::format("{}: the tokenizer has {} tokens, the embedding only {} rows",
                                  name, package.tokenizer->vocabulary_size(),
                                  package.model->config.vocabulary));
  }
}

ModelPackage load_gguf_package(const std::filesystem::path& path, base::ThreadPool& pool) {
  const auto file = tensor::GgufFile::open(path);
  ModelPackage package;
  package.tokenizer = std::make_shared<const text::Tokenizer>(read_vocabulary(file));
  package.model = std::make_shared<const model::Model>(model::load_gguf(file, pool));
  package.chat_template = file.metadata().find_string("tokenizer.chat_template").value_or("");
  return package;
}

ModelPackage load_folder_package(const std::filesystem::path& folder, base::ThreadPool& pool) {
  ModelPackage package;
  text::FolderTokenizer read = text::read_tokenizer_folder(folder);
  package.end_tokens = read_end_tokens(folder, model::read_folder_config(folder).vocabulary);
  if (!read.vocabulary.eos && !package.end_tokens.empty()) {
    read.vocabulary.eos = package.end_tokens.front();
  }
  package.tokenizer = std::make_shared<const text::Tokenizer>(std::move(read.vocabulary));
  package.chat_template = std::move(read.chat_template);
  package.model = std::make_shared<const model::Model>(model::load_folder(folder, pool));
  return package;
}

}  // namespace

ModelPackage load_package(const std::filesystem::path& path, int threads) {
  base::ThreadPool pool(threads);
  ModelPackage package =
      is_folder(path) ? load_folder_package(path, pool) : load_gguf_package(path, pool);
  require_a_row_for_each_token(package, path.string());
  return package;
}

std::shared_ptr<const text::Tokenizer> load_tokenizer(const std::filesystem::path& path) {
  return std::make_shared<const text::Tokenizer>(
      is_folder(path) ? text::read_tokenizer_folder(path).vocabulary
                      : read_vocabulary(tensor::GgufFile::open(path)));
}

}  // namespace espalier::engine
