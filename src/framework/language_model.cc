#include "espalier/language_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/cpu_features.h"
#include "engine/model_languages.h"
#include "espalier/error.h"
#include "framework/content_tagging.h"
#include "framework/engine_executor.h"
#include "framework/guardrails.h"
#include "framework/language_model_impl.h"
#include "framework/messages.h"
#include "framework/model_store.h"
#include "framework/tool_box.h"

namespace espalier {
namespace {

// The language and region of "pt-BR", "pt_BR.UTF-8" or "zh-Hans-CN", in lower case; a region may be
// empty.
struct Locale {
  explicit Locale(std::string_view text) {
    text = text.substr(0, text.find_first_of(".@"));
    for (bool first = true; !text.empty(); first = false) {
      const std::string_view part = text.substr(0, text.find_first_of("-_"));
      std::string lower;
      for (const char c : part)
        lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      if (first) language = lower;
      if (!first && (part.size() == 2 || (part.size() == 3 && part[0] < 'A'))) region = lower;
      text.remove_prefix(std::min(part.size() + 1, text.size()));
    }
  }

  std::string language;
  std::string region;  // two letters, or three digits
};

bool covers(std::string_view tag, std::string_view wanted) {
  const Locale known(tag);
  const Locale locale(wanted);
  if (known.language != locale.language || known.language.empty()) return false;
  return known.region.empty() || locale.region.empty() || known.region == locale.region;
}

}  // namespace

namespace framework {

std::shared_ptr<ModelRuntime> ModelLoader::runtime() {
  const std::lock_guard lock(mutex_);
  if (!loaded_) {
    std::filesystem::path path = find_model(wish_);
    loaded_ = std::make_shared<ModelRuntime>(path, options_);
    path_ = std::move(path);
  }
  return loaded_;
}

std::filesystem::path ModelLoader::path() const {
  const std::lock_guard lock(mutex_);
  return loaded_ ? path_ : find_model(wish_);
}

}  // namespace framework

std::shared_ptr<framework::ModelRuntime> SystemLanguageModel::Impl::runtime() {
  if (settings.availability) {
    const Availability said = settings.availability();
    if (!said) throw AssetsUnavailable(said.message);
  }
  return loader->runtime();
}

std::unique_ptr<LanguageModelExecutor> SystemLanguageModel::Impl::make_executor() {
  std::unique_ptr<LanguageModelExecutor> executor =
      std::make_unique<framework::EngineExecutor>(SystemLanguageModel(shared_from_this()));
  if (settings.use_case == UseCase::content_tagging) {
    executor = framework::tagging(std::move(executor));
  }
  if (!is_checked) return executor;
  return framework::guarded(std::move(executor),
                            settings.classifier ? settings.classifier : standard_classifier(),
                            settings.guardrails);
}

Adapter::Adapter(std::filesystem::path path) : path_(std::move(path)) {
  throw AssetsUnavailable(
      fmt::format("{}: adapters cannot be loaded yet: use the model without one", path_.string()));
}

SystemLanguageModel SystemLanguageModel::default_model() {
  static const SystemLanguageModel shared{std::filesystem::path()};
  return shared;
}

SystemLanguageModel::SystemLanguageModel(std::filesystem::path path, ModelSettings settings)
    : impl_(std::make_shared<Impl>(
          std::make_shared<framework::ModelLoader>(std::move(path), framework::RuntimeOptions()),
          std::move(settings))) {}

SystemLanguageModel::SystemLanguageModel(ModelSettings settings)
    : SystemLanguageModel(default_model().with(std::move(settings))) {}

SystemLanguageModel SystemLanguageModel::with(ModelSettings settings) const {
  return SystemLanguageModel(std::make_shared<Impl>(impl_->loader, std::move(settings)));
}

const ModelSettings& SystemLanguageModel::settings() const noexcept { return impl_->settings; }

SystemLanguageModel::SystemLanguageModel(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

SystemLanguageModel::operator std::shared_ptr<LanguageModel>() const { return impl_; }

Availability SystemLanguageModel::availability() const {
  if (impl_->settings.availability) {
    if (Availability said = impl_->settings.availability(); !said) return said;
  }
  try {
    base::chosen_isa();
  } catch (const InvalidArgument& fault) {
    return {Availability::Reason::device_not_eligible, fault.what()};
  }
  try {
    impl_->loader->runtime();
  } catch (const Error& fault) {
    return {Availability::Reason::model_not_ready, fault.what()};
  }
  return {};
}

std::size_t SystemLanguageModel::context_size() const { return impl_->runtime()->context(); }

std::vector<std::string> SystemLanguageModel::supported_languages() const {
  return engine::read_languages(impl_->loader->path());
}

bool SystemLanguageModel::supports_locale(std::string_view locale) const {
  const std::vector<std::string> tags = supported_languages();
  return std::any_of(tags.begin(), tags.end(),
                     [locale](const std::string& tag) { return covers(tag, locale); });
}

std::size_t SystemLanguageModel::token_count(const Prompt& prompt) const {
  const std::string text = framework::prompt_text(Transcript::prompt(prompt.segments()));
  return impl_->runtime()->tokenizer().encode(text, {.recognise_special = false}).size();
}

std::size_t SystemLanguageModel::token_count(std::string_view instructions,
                                             const Tools& tools) const {
  Transcript transcript;
  if (!instructions.empty()) transcript.append(Transcript::instructions(instructions));
  return token_count(framework::ToolBox(tools).introduce(std::move(transcript)));
}

std::size_t SystemLanguageModel::token_count(const GenerationSchema& schema) const {
  const auto tokens = [this](Transcript::Entry prompt) {
    return token_count(Transcript({std::move(prompt)}));
  };
  return tokens(Transcript::prompt("?", schema)) - tokens(Transcript::prompt("?"));
}

std::size_t SystemLanguageModel::token_count(const Transcript& transcript) const {
  const auto runtime = impl_->runtime();
  std::vector<base::TokenId> ids;
  runtime->append(transcript, ids);
  return ids.size();
}

}  // namespace espalier
