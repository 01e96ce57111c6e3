// What a SystemLanguageModel holds: how to find its file, and once it is loaded, the runtime.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include "espalier/language_model.h"
#include "espalier/language_model_executor.h"
#include "framework/model_runtime.h"

namespace espalier {

struct SystemLanguageModel::Impl : LanguageModel, std::enable_shared_from_this<Impl> {
  Impl(std::filesystem::path wanted, const framework::RuntimeOptions& runtime_options)
      : wish(std::move(wanted)), options(runtime_options) {}

  std::unique_ptr<LanguageModelExecutor> make_executor() override;

  // Finds and loads the model unless that is done. Throws as ModelRuntime and find_model do; the
  // next call then tries again.
  std::shared_ptr<framework::ModelRuntime> runtime();

  const std::filesystem::path wish;  // a path or a name; empty: the default model
  const framework::RuntimeOptions options;
  std::mutex mutex;  // guards what follows
  std::shared_ptr<framework::ModelRuntime> loaded;
};

}  // namespace espalier
