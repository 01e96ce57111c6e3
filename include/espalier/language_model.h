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
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "espalier/export.h"
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
    intelligence_not_enabled,  // switched off; never so on Linux
    model_not_ready,           // no model was found, or its file cannot be used
  };
  Reason reason = Reason::none;
  std::string message = {};  // for people, with the remedy; empty where it is available

  bool is_available() const noexcept { return reason == Reason::none; }
  explicit operator bool() const noexcept { return is_available(); }
};

class ESPALIER_API SystemLanguageModel {
 public:
  // The model that is found first at: the file or folder that ESPALIER_MODEL names;
  // $XDG_DATA_HOME/espalier/models (~/.local/share/espalier/models); share/espalier/models of the
  // install prefix. In a folder the default model comes before others. It is one object for the
  // whole process; where there is no model yet, every use looks again.
  static SystemLanguageModel default_model();

  // A GGUF file or Hugging Face folder of a supported family, or the name of one in those places.
  explicit SystemLanguageModel(std::filesystem::path path);

  // As what a session takes.
  operator std::shared_ptr<LanguageModel>() const;  // NOLINT(google-explicit-constructor)

  // Never throws for want of a model: that is what it tells.
  Availability availability() const;

  // Tokens that instructions, history, prompt and answer may have together.
  // This and all below throw AssetsUnavailable where availability() is not given.
  std::size_t context_size() const;

  // Tokens that `text` by itself becomes; roles and markers of a conversation come on top.
  std::size_t token_count(std::string_view text) const;
  // Tokens that a conversation becomes, markers included.
  std::size_t token_count(const Transcript& transcript) const;

 private:
  friend struct framework::EngineAccess;
  struct Impl;
  explicit SystemLanguageModel(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;
};

}  // namespace espalier
