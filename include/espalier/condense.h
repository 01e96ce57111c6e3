// A shorter history, for a conversation that has filled its context window.
//
//   try {
//     return session.respond(prompt);
//   } catch (const ExceededContextWindowSize&) {
//     session = session.with(condense(session.transcript(), model));  // the same tools
//     return session.respond(prompt);
//   }
#pragma once

#include <cstddef>
#include <functional>

#include "espalier/export.h"
#include "espalier/language_model.h"
#include "espalier/transcript.h"

namespace espalier {

// The instructions, and as many of the last turns (a prompt, its tool calls and outputs, and its
// response), whole, as fit half of the model's context window together with them. Nothing is
// summarised: a small model's summary would put words into people's mouths. Ids stay as they are.
ESPALIER_API Transcript condense(const Transcript& transcript, const SystemLanguageModel& model);

// The same for a back end of one's own: as many turns as have `most` tokens by its count.
ESPALIER_API Transcript condense(const Transcript& transcript, std::size_t most,
                                 const std::function<std::size_t(const Transcript&)>& token_count);

}  // namespace espalier
