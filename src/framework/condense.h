// A shorter history for a conversation that has filled its context window.
#pragma once

#include "espalier/language_model.h"
#include "espalier/transcript.h"

namespace espalier::framework {

// The instructions, and as many of the last turns (a prompt and its response), whole, as fit half
// of the context window together with them. Nothing is summarised: a small model's summary would
// put words into people's mouths. Ids stay as they are.
Transcript condense(const Transcript& transcript, const SystemLanguageModel& model);

}  // namespace espalier::framework
