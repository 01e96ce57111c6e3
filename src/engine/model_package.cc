#include "engine/model_package.h"

#include <utility>

#include "base/thread_pool.h"
#include "engine/gguf_vocabulary.h"
#include "engine/package_text.h"
#include "model/load_folder.h"
#include "model/load_gguf.h"
#include "tensor/gguf_reader.h"
#include "text/tokenizer_config.h"

namespace espalier::engine {
namespace {

// All but the model; the vocabulary's lists are gone before its weights come.
ModelPackage package_of(PackageText text) {
  return {.model = nullptr,
          .tokenizer = std::make_shared<const text::Tokenizer>(text.vocabulary),
          .chat_template = std::move(text.chat_template),
          .end_tokens = std::move(text.end_tokens)};
}

ModelPackage load_gguf_package(const std::filesystem::path& path, base::ThreadPool& pool) {
  const auto file = tensor::GgufFile::open(path);
  auto package = package_of(read_package_text(file, model::read_config(file).vocabulary));
  package.model = std::make_shared<const model::Model>(model::load_gguf(file, pool));
  return package;
}

ModelPackage load_folder_package(const std::filesystem::path& folder, base::ThreadPool& pool) {
  auto package =
      package_of(read_package_text(folder, model::read_folder_config(folder).vocabulary));
  package.model = std::make_shared<const model::Model>(model::load_folder(folder, pool));
  return package;
}

}  // namespace

ModelPackage load_package(const std::filesystem::path& path, int threads) {
  base::ThreadPool pool(threads);
  return is_folder(path) ? load_folder_package(path, pool) : load_gguf_package(path, pool);
}

std::shared_ptr<const text::Tokenizer> load_tokenizer(const std::filesystem::path& path) {
  return std::make_shared<const text::Tokenizer>(
      is_folder(path) ? text::read_tokenizer_folder(path).vocabulary
                      : read_vocabulary(tensor::GgufFile::open(path)));
}

}  // namespace espalier::engine
