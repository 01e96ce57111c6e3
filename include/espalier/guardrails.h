// What may not be asked or answered, and who decides.
//
//   class NoSecrets : public ContentClassifier {
//     std::optional<std::string> violation(std::string_view text, Origin) const override {
//       if (text.find("secret") == text.npos) return std::nullopt;
//       return "it speaks of secrets";
//     }
//   };
//   SystemLanguageModel model({.classifier = std::make_shared<NoSecrets>()});
//   LanguageModelSession(model).respond("Tell me a secret.");  // throws GuardrailViolation
//
// What is checked, and nothing else: a prompt, before anything is generated; an answer, whenever it
// has grown by guardrail_interval bytes, and at its end. So a stream may have shown the beginning
// of an answer that is then refused. Instructions and the history are the app's own, and are not
// checked, nor are the arguments and outputs of tools.
//
// The standard classifier looks for a short list of English phrases (guardrails.cc). It is a
// place-holder for a real one: it catches the plainest wishes, and nobody who means to get around
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "espalier/export.h"

namespace espalier {

class LanguageModel;

enum class Guardrails : std::uint8_t {
  standard,
  // For apps that summarise or rewrite what others wrote, whatever that is: requests for plain text
  // are not checked. Those under a schema are.
  permissive_content_transformations,
};

// In bytes.
inline constexpr std::size_t guardrail_interval = 256;

class ESPALIER_API ContentClassifier {
 public:
  enum class Origin : std::uint8_t { prompt, response };

  virtual ~ContentClassifier();

  // What is wrong with the text, in a few words that the error's message will hold; nothing where
  // it may pass. Called by any thread. A response may be cut anywhere, and is UTF-8 all the same.
  virtual std::optional<std::string> violation(std::string_view text, Origin origin) const = 0;

 protected:
  ContentClassifier() = default;
  ContentClassifier(const ContentClassifier&) = default;
  ContentClassifier& operator=(const ContentClassifier&) = default;
};

// Finds phrases: whole words, one behind the other, whatever stands between them that is no ASCII
// letter or digit; ASCII letters in either case.
class ESPALIER_API PhraseClassifier : public ContentClassifier {
 public:
  // Throws InvalidArgument where a phrase has no word.
  explicit PhraseClassifier(const std::vector<std::string>& phrases);

  std::optional<std::string> violation(std::string_view text, Origin origin) const override;

 private:
  std::vector<std::string> phrases_;  // " word word "
};

// The one that a SystemLanguageModel has by default.
ESPALIER_API std::shared_ptr<const ContentClassifier> standard_classifier();

// The model, whose prompts and answers are checked: for back ends of one's own. Throws
// InvalidArgument where either is missing.
ESPALIER_API std::shared_ptr<LanguageModel> guarded(
    std::shared_ptr<LanguageModel> model,
    std::shared_ptr<const ContentClassifier> classifier = standard_classifier(),
    Guardrails guardrails = Guardrails::standard);

}  // namespace espalier
