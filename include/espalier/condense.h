// A shorter history, for a conversation that has filled its context window.
//
//   try {
//     return session.respond(prompt);
//   } catch (const ExceededContextWindowSize&) {
//     session = LanguageModelSession(model, condense(session.transcript(), model));
//     return session.respond(prompt);
//   }
#pragma once

#include "espalier/export.h"
#include "espalier/language_model.h"
#include "espalier/transcript.h"

namespace espalier {

// The instructions, and as many of the last turns (a prompt, its tool calls and outputs, and its
// response), whole, as fit half of the model's context window together with them. Nothing is
// summarised: a small model's summary would put words into people's mouths. Ids stay as they are.
ESPALIER_API Transcript condense(const Transcript& transcript, const SystemLanguageModel& model);

}  // namespace espalier
