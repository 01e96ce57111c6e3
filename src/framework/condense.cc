#include "espalier/condense.h"

#include <variant>

namespace espalier {
namespace {

bool has_instructions(const Transcript& transcript) {
  return !transcript.empty() && std::holds_alternative<Transcript::Instructions>(transcript[0]);
}

Transcript from(const Transcript& transcript, std::size_t first) {
  Transcript shorter;
  if (has_instructions(transcript)) shorter.append(transcript[0]);
  for (std::size_t i = first; i < transcript.size(); ++i) shorter.append(transcript[i]);
  return shorter;
}

}  // namespace

Transcript condense(const Transcript& transcript, const SystemLanguageModel& model) {
  return condense(transcript, model.context_size() / 2,
                  [&model](const Transcript& shorter) { return model.token_count(shorter); });
}

Transcript condense(const Transcript& transcript, std::size_t most,
                    const std::function<std::size_t(const Transcript&)>& token_count) {
  const std::size_t first = has_instructions(transcript) ? 1 : 0;
  for (std::size_t i = first; i < transcript.size(); ++i) {
    // A turn begins with its prompt.
    if (!std::holds_alternative<Transcript::Prompt>(transcript[i])) continue;
    Transcript shorter = from(transcript, i);
    if (token_count(shorter) <= most) return shorter;
  }
  return from(transcript, transcript.size());
}

}  // namespace espalier
