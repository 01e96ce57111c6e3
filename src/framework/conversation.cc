#include "framework/conversation.h"

#include <algorithm>

namespace espalier::framework {

const std::vector<base::TokenId>& Conversation::write(const ModelRuntime& runtime,
                                                      const Transcript& transcript) {
  cut(transcript);
  while (written_.size() < transcript.size()) {
    std::size_t taken = runtime.append_message(transcript, written_.size(), tokens_);
    for (; taken > 0; --taken) written_.push_back(transcript[written_.size()]);
    marks_.push_back({written_.size(), tokens_.size()});
  }
  return tokens_;
}

// Of what comes before, a message's tokens depend on who said the last.
std::vector<base::TokenId> Conversation::behind(
    const ModelRuntime& runtime, const std::vector<Transcript::Entry>& message) const {
  Transcript transcript;
  if (!written_.empty()) transcript.append(written_.back());
  const std::size_t first = transcript.size();
  for (const Transcript::Entry& entry : message) transcript.append(entry);
  std::vector<base::TokenId> tokens;
  runtime.append_message(transcript, first, tokens);
  return tokens;
}

// Back to the last message that the transcript has as well.
void Conversation::cut(const Transcript& transcript) {
  const auto common =
      static_cast<std::size_t>(std::ranges::mismatch(written_, transcript).in1 - written_.begin());
  while (!marks_.empty() && marks_.back().entries > common) marks_.pop_back();
  const Mark end = marks_.empty() ? Mark{0, 0} : marks_.back();
  written_.resize(end.entries);
  tokens_.resize(end.tokens);
}

}  // namespace espalier::framework
