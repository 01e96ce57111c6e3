#include "espalier/condense.h"

#include <cstddef>
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
  const std::size_t budget = model.context_size() / 2;
  const std::size_t first = has_instructions(transcript) ? 1 : 0;
  for (std::size_t i = first; i < transcript.size(); ++i) {
    // A turn begins with its prompt.
    if (!std::holds_alternative<Transcript::Prompt>(transcript[i])) continue;
    Transcript shorter = from(transcript, i);
    if (model.token_count(shorter) <= budget) return shorter;
  }
  return from(transcript, transcript.size());
}

}  // namespace espalier
