// A model that says what a test wants it to say.
//
//   const auto model = std::make_shared<ScriptedLanguageModel>(std::vector<ScriptedAnswer>{
//       {.calls = {{.tool_name = "weather",
//                   .arguments = GeneratedContent::from_json(R"({"city":"Oslo"})")}}},
//       {.text = "It rains in Oslo."}});
//   LanguageModelSession session(model, {weather});
//   EXPECT_EQ(session.respond("Do I need a coat?").content, "It rains in Oslo.");
//
// The session is the real one: transcript, tools, streams, schemas, errors and cancelling are as
// with any other model, but no model file is needed, and every answer is the same each time.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "espalier/export.h"
#include "espalier/language_model_executor.h"

namespace espalier {

struct ScriptedAnswer {
  std::string text = {};  // comes word by word; JSON where the request has a schema
  std::vector<Transcript::ToolCall> calls = {};  // behind the text
  std::exception_ptr error = nullptr;            // thrown behind both
  FinishReason finish_reason = FinishReason::stop;
};

class ESPALIER_API ScriptedLanguageModel : public LanguageModel {
 public:
  // The answers in their order, whichever session asks. A request beyond the last throws
  // DecodingFailure.
  explicit ScriptedLanguageModel(std::vector<ScriptedAnswer> answers);

  // Called for each request, by whichever thread asks, maybe by several at once.
  using Function = std::function<ScriptedAnswer(const LanguageModelRequest&)>;
  explicit ScriptedLanguageModel(Function answer);

  std::unique_ptr<LanguageModelExecutor> make_executor() override;

 private:
  std::shared_ptr<const Function> answer_;
};

}  // namespace espalier
