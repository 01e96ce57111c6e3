// The model behind a session.
//
//   SystemLanguageModel model = SystemLanguageModel::default_model();
//   if (!model.availability()) std::cerr << model.availability().message << "\n";
//   LanguageModelSession session(model, "Answer in one sentence.");
//
// A SystemLanguageModel is a handle: copies name the same model, and all sessions of one share its
// weights, its threads and its KV cache. Any number of threads may use it. The file is loaded by
// the first call that needs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "espalier/export.h"
#include "espalier/generation_schema.h"
#include "espalier/guardrails.h"
#include "espalier/prompt.h"
#include "espalier/tool.h"
#include "espalier/transcript.h"

namespace espalier {

class LanguageModel;

namespace framework {
struct EngineAccess;
}  // namespace framework

// Whether a model can answer, and why not.
struct Availability {
  enum class Reason {
    none,                      // it is available
    device_not_eligible,       // this machine cannot run it (ESPALIER_ISA asks for what it lacks)
    intelligence_not_enabled,  // switched off: only ModelSettings::availability says so
    model_not_ready,           // no model was found, or its file cannot be used
  };
  Reason reason = Reason::none;
  std::string message = {};  // for people, with the remedy; empty where it is available

  bool is_available() const noexcept { return reason == Reason::none; }
  explicit operator bool() const noexcept { return is_available(); }
};

enum class UseCase : std::uint8_t {
  general,
  content_tagging,  // content_tagging.h
};

// Weights that are added to a model's own to make it good at one thing.
class ESPALIER_API Adapter {
 public:
  // Throws AssetsUnavailable, whatever the file: no adapter can be loaded yet.
  explicit Adapter(std::filesystem::path path);

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

// What sessions of a model are for, and what holds for them.
struct ModelSettings {
  UseCase use_case = UseCase::general;
  Guardrails guardrails = Guardrails::standard;
  std::shared_ptr<const ContentClassifier> classifier = nullptr;  // null: standard_classifier()
  std::optional<Adapter> adapter = std::nullopt;
  // Asked before the model itself, by availability() and by a session's first request, which throws
  // AssetsUnavailable with its message where it says no. For an app's own switch, say.
  std::function<Availability()> availability = {};
};

class ESPALIER_API SystemLanguageModel {
 public:
  // The model that is found first at: the file or folder that ESPALIER_MODEL names;
  // $XDG_DATA_HOME/espalier/models (~/.local/share/espalier/models); share/espalier/models of the
  // install prefix. In a folder the default model comes before others. It is one object for the
  // whole process; where there is no model yet, every use looks again.
  static SystemLanguageModel default_model();

  // A GGUF file or Hugging Face folder of a supported family, or the name of one in those places.
  explicit SystemLanguageModel(std::filesystem::path path, ModelSettings settings = {});

  // The default model under other settings:
  //   SystemLanguageModel model({.use_case = UseCase::content_tagging});
  explicit SystemLanguageModel(ModelSettings settings);

  // This model, with the same weights and KV cache, under other settings.
  SystemLanguageModel with(ModelSettings settings) const;
  const ModelSettings& settings() const noexcept;

  // As what a session takes.
  operator std::shared_ptr<LanguageModel>() const;  // NOLINT(google-explicit-constructor)

  // Never throws for want of a model: that is what it tells. To know, it loads the model where it
  // is not loaded yet.
  Availability availability() const;

  // Tokens that instructions, history, prompt and answer may have together.
  // This and all below throw AssetsUnavailable where availability() is not given.
  std::size_t context_size() const;

  // The languages that the model's file or folder says it knows, as BCP 47 tags ("en"); empty where
  // it says nothing.
  std::vector<std::string> supported_languages() const;
  // Whether the language of a locale ("de_AT.UTF-8", "pt-BR", "en") is one of those; a region
  // counts where the model names regions.
  bool supports_locale(std::string_view locale) const;

  // Tokens that a prompt, any text say, by itself becomes; roles and markers of a conversation come
  // on top. Throws InvalidArgument where it has an image.
  std::size_t token_count(const Prompt& prompt) const;
  // Tokens of the instructions and tools that a session begins with, markers included.
  std::size_t token_count(std::string_view instructions, const Tools& tools) const;
  // Tokens that a schema adds to a prompt that is shown it.
  std::size_t token_count(const GenerationSchema& schema) const;
  // Tokens that a conversation becomes, markers included.
  std::size_t token_count(const Transcript& transcript) const;

 private:
  friend struct framework::EngineAccess;
  struct Impl;
  explicit SystemLanguageModel(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;
};

}  // namespace espalier
