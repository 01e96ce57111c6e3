#include "engine/model_package.h"

#include <fmt/format.h>

#include <utility>

#include "base/thread_pool.h"
#include "engine/gguf_vocabulary.h"
#include "espalier/error.h"
#include "model/load_gguf.h"
#include "tensor/gguf_reader.h"

namespace espalier::engine {

ModelPackage load_package(const std::filesystem::path& path, int threads) {
  const auto file = tensor::GgufFile::open(path);
  ModelPackage package;
  package.tokenizer = std::make_shared<const text::Tokenizer>(read_vocabulary(file));
  base::ThreadPool pool(threads);
  auto model = std::make_shared<const model::Model>(model::load_gguf(file, pool));
  if (package.tokenizer->vocabulary_size() > model->config.vocabulary) {
    throw InvalidFile(fmt::format("{}: the tokenizer has {} tokens, the embedding only {} rows",
                                  file.name(), package.tokenizer->vocabulary_size(),
                                  model->config.vocabulary));
  }
  package.model = std::move(model);
  package.chat_template = file.metadata().find_string("tokenizer.chat_template").value_or("");
  return package;
}

std::shared_ptr<const text::Tokenizer> load_tokenizer(const std::filesystem::path& path) {
  return std::make_shared<const text::Tokenizer>(read_vocabulary(tensor::GgufFile::open(path)));
}

}  // namespace espalier::engine
