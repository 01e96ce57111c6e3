#include "engine/model_package.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/thread_pool.h"
#include "espalier/error.h"
#include "model/load_gguf.h"
#include "tensor/gguf_reader.h"
#include "text/vocabulary.h"

namespace espalier::engine {
namespace {

std::optional<base::TokenId> token_id(const tensor::GgufMetadata& keys, std::string_view what) {
  return keys.find_integer<base::TokenId>(fmt::format("tokenizer.ggml.{}_token_id", what));
}

text::VocabularyData read_vocabulary(const tensor::GgufFile& file) {
  const tensor::GgufMetadata& keys = file.metadata();
  if (const auto kind = keys.get_string("tokenizer.ggml.model"); kind != "gpt2") {
    throw InvalidFile(
        fmt::format("{}: tokenizer.ggml.model is '{}'; supported is: gpt2 (byte-level BPE)",
                    file.name(), kind));
  }
  text::VocabularyData data;
  data.origin = file.name();
  for (std::string_view token : keys.get_strings("tokenizer.ggml.tokens")) {
    data.tokens.emplace_back(token);
  }
  for (std::string_view merge : keys.get_strings("tokenizer.ggml.merges")) {
    data.merges.emplace_back(merge);
  }
  if (const auto kinds = keys.find_ints("tokenizer.ggml.token_type")) {
    for (const std::int64_t number : *kinds) {
      const auto kind = text::token_kind(number);
      if (!kind) {
        throw InvalidFile(fmt::format("{}: tokenizer.ggml.token_type holds {}; 1 to 6 was expected",
                                      file.name(), number));
      }
      data.kinds.push_back(*kind);
    }
  }
  data.pre_tokenizer = keys.get_string("tokenizer.ggml.pre");
  data.bos = token_id(keys, "bos");
  data.eos = token_id(keys, "eos");
  data.eot = token_id(keys, "eot");
  data.unknown = token_id(keys, "unknown");
  data.padding = token_id(keys, "padding");
  data.add_bos = keys.find_bool("tokenizer.ggml.add_bos_token").value_or(false);
  data.add_eos = keys.find_bool("tokenizer.ggml.add_eos_token").value_or(false);
  return data;
}

}  // namespace

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
