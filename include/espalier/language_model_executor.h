// What stands behind a session: the engine (SystemLanguageModel), a script (ScriptedLanguageModel),
// or a back end of your own, a server say.
//
//   struct EchoAnswer : LanguageModelAnswer {                             // gives the prompt back
//     explicit EchoAnswer(std::string text) : text_(std::move(text)) {}
//     std::optional<Piece> next() override { return std::exchange(text_, std::nullopt); }
//     std::optional<std::string> text_;
//   };
//   struct EchoExecutor : LanguageModelExecutor {
//     std::unique_ptr<LanguageModelAnswer> respond(const LanguageModelRequest& request,
//                                                  std::stop_token) override {
//       return std::make_unique<EchoAnswer>(entry_text(request.transcript.back()));
//     }
//   };
//   struct Echo : LanguageModel {
//     std::unique_ptr<LanguageModelExecutor> make_executor() override {
//       return std::make_unique<EchoExecutor>();
//     }
//   };
//
//   LanguageModelSession session(std::make_shared<Echo>());
//
// The session keeps the transcript, calls the tools and undoes what fails; the model is only ever
// asked for the next answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "espalier/export.h"
#include "espalier/generation_options.h"
#include "espalier/generation_schema.h"
#include "espalier/response.h"
#include "espalier/transcript.h"

namespace espalier {

// One answer that is wanted. A turn in which tools are called asks for several.
struct LanguageModelRequest {
  // Instructions, what was said, and last the prompt, or the outputs of the tools it led to.
  Transcript transcript;
  GenerationOptions options;
  std::optional<GenerationSchema> schema =
      std::nullopt;  // what the answer's text is to fit, as JSON
  // The tools of the session. options.tool_calling_mode says whether they may, must or must not be
  // called in this answer.
  std::vector<Transcript::ToolDefinition> tools = {};
};

// An answer under way. It is destroyed before its executor, and before that is asked again.
class ESPALIER_API LanguageModelAnswer {
 public:
  using ToolCalls = std::vector<Transcript::ToolCall>;
  using Piece = std::variant<std::string, ToolCalls>;

  virtual ~LanguageModelAnswer();

  // Works until there is more of the answer, and gives what came on: text as valid UTF-8, or calls,
  // behind which no text may come. Nothing at the end. What this throws, the request throws, and
  // the turn is undone.
  virtual std::optional<Piece> next() = 0;

  // Only after next() gave nothing.
  virtual FinishReason finish_reason() const { return FinishReason::stop; }
  virtual Usage usage() const { return {}; }
  // What the transcript is to keep as the token_ids of this answer, which became these entries:
  // nothing where its text says it all.
  virtual std::vector<std::int32_t> token_ids(
      const std::vector<Transcript::Entry>& /*entries*/) const {
    return {};
  }

 protected:
  LanguageModelAnswer() = default;
  LanguageModelAnswer(const LanguageModelAnswer&) = default;
  LanguageModelAnswer& operator=(const LanguageModelAnswer&) = default;
};

// A model's side of one session, which may keep what it likes between requests. Never called by two
// threads at once.
class ESPALIER_API LanguageModelExecutor {
 public:
  virtual ~LanguageModelExecutor();

  // Begins an answer; generates nothing yet. What this throws, the request throws. The request
  // lives for this call only. Where `stop` is triggered, whatever waits should end soon, by
  // throwing Cancelled.
  virtual std::unique_ptr<LanguageModelAnswer> respond(const LanguageModelRequest& request,
                                                       std::stop_token stop) = 0;

  // Prepares for a request whose transcript begins so. Where the last entry is a prompt, more of
  // its text may come.
  virtual void prewarm(const Transcript& /*beginning*/) {}

  // Whether answers and arguments cannot but fit their schemas. Else the session checks each.
  virtual bool is_guided() const noexcept { return false; }

 protected:
  LanguageModelExecutor() = default;
  LanguageModelExecutor(const LanguageModelExecutor&) = default;
  LanguageModelExecutor& operator=(const LanguageModelExecutor&) = default;
};

// Shared by sessions, which may be on different threads.
class ESPALIER_API LanguageModel {
 public:
  virtual ~LanguageModel();
  // For a new session. Cheap: whatever is slow is for the first request.
  virtual std::unique_ptr<LanguageModelExecutor> make_executor() = 0;

 protected:
  LanguageModel() = default;
  LanguageModel(const LanguageModel&) = default;
  LanguageModel& operator=(const LanguageModel&) = default;
};

}  // namespace espalier
