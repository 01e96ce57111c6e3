#include "espalier/language_model.h"

#include <utility>
#include <vector>

#include "base/cpu_features.h"
#include "espalier/error.h"
#include "framework/engine_executor.h"
#include "framework/language_model_impl.h"
#include "framework/model_store.h"

namespace espalier {

std::shared_ptr<framework::ModelRuntime> SystemLanguageModel::Impl::runtime() {
  const std::lock_guard lock(mutex);
  if (!loaded) {
    loaded = std::make_shared<framework::ModelRuntime>(framework::find_model(wish), options);
  }
  return loaded;
}

std::unique_ptr<LanguageModelExecutor> SystemLanguageModel::Impl::make_executor() {
  return std::make_unique<framework::EngineExecutor>(SystemLanguageModel(shared_from_this()));
}

SystemLanguageModel SystemLanguageModel::default_model() {
  static const SystemLanguageModel shared(
      std::make_shared<Impl>(std::filesystem::path(), framework::RuntimeOptions()));
  return shared;
}

SystemLanguageModel::SystemLanguageModel(std::filesystem::path path)
    : impl_(std::make_shared<Impl>(std::move(path), framework::RuntimeOptions())) {}

SystemLanguageModel::SystemLanguageModel(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

SystemLanguageModel::operator std::shared_ptr<LanguageModel>() const { return impl_; }

Availability SystemLanguageModel::availability() const {
  try {
    base::chosen_isa();
  } catch (const InvalidArgument& fault) {
    return {Availability::Reason::device_not_eligible, fault.what()};
  }
  try {
    impl_->runtime();
  } catch (const Error& fault) {
    return {Availability::Reason::model_not_ready, fault.what()};
  }
  return {};
}

std::size_t SystemLanguageModel::context_size() const { return impl_->runtime()->context(); }

std::size_t SystemLanguageModel::token_count(std::string_view text) const {
  return impl_->runtime()->tokenizer().encode(text, {.recognise_special = false}).size();
}

std::size_t SystemLanguageModel::token_count(const Transcript& transcript) const {
  const auto runtime = impl_->runtime();
  std::vector<base::TokenId> ids;
  runtime->append(transcript, ids);
  return ids.size();
}

}  // namespace espalier
