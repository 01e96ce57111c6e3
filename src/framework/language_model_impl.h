// What a SystemLanguageModel holds: how to find its file, and once it is loaded, the runtime.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include "espalier/language_model.h"
#include "espalier/language_model_executor.h"
#include "framework/model_runtime.h"

namespace espalier {

namespace framework {

// Finds and loads a model, for all SystemLanguageModels with the same weights.
class ModelLoader {
 public:
  ModelLoader(std::filesystem::path wish, const RuntimeOptions& options)
      : wish_(std::move(wish)), options_(options) {}

  // Throws as ModelRuntime and find_model do; the next call then tries again.
  std::shared_ptr<ModelRuntime> runtime();
  // Where the model is now, or would be loaded from. Throws as find_model does.
  std::filesystem::path path() const;

 private:
  const std::filesystem::path wish_;  // a path or a name; empty: the default model
  const RuntimeOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  std::filesystem::path path_;
  std::shared_ptr<ModelRuntime> loaded_;
};

}  // namespace framework

struct SystemLanguageModel::Impl : LanguageModel, std::enable_shared_from_this<Impl> {
  // Without checking: for those who watch over the model themselves, as the command line does.
  explicit Impl(std::shared_ptr<framework::ModelLoader> its_loader)
      : loader(std::move(its_loader)), is_checked(false) {}
  Impl(std::shared_ptr<framework::ModelLoader> its_loader, ModelSettings its_settings)
      : loader(std::move(its_loader)), settings(std::move(its_settings)), is_checked(true) {}

  std::unique_ptr<LanguageModelExecutor> make_executor() override;

  // Throws as ModelLoader::runtime does, or what settings.availability says.
  std::shared_ptr<framework::ModelRuntime> runtime();

  const std::shared_ptr<framework::ModelLoader> loader;
  const ModelSettings settings;
  const bool is_checked;
};

}  // namespace espalier
