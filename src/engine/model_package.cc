#include "engine/model_package.h"

#include <future>
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

// The text and the weights side by side: a tokenizer takes one thread about as long as the weights
// take several.
template <class ReadText, class LoadModel>
ModelPackage load_both(const ReadText& read_text, const LoadModel& load_model) {
  auto text = std::async([&] { return package_of(read_text()); });
  auto model = std::make_shared<const model::Model>(load_model());
  ModelPackage package = text.get();
  package.model = std::move(model);
  return package;
}

ModelPackage load_gguf_package(const std::filesystem::path& path, base::ThreadPool& pool) {
  const auto file = tensor::GgufFile::open(path);
  const std::size_t rows = model::read_config(file).vocabulary;
  return load_both([&] { return read_package_text(file, rows); },
                   [&] { return model::load_gguf(file, pool); });
}

ModelPackage load_folder_package(const std::filesystem::path& folder, base::ThreadPool& pool) {
  const std::size_t rows = model::read_folder_config(folder).vocabulary;
  return load_both([&] { return read_package_text(folder, rows); },
                   [&] { return model::load_folder(folder, pool); });
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
