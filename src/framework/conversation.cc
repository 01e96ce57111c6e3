#include "framework/conversation.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace espalier::framework {
namespace {

bool same_calls(const std::vector<Transcript::ToolCall>& generated,
                const std::vector<Transcript::ToolCall>& written) {
  return std::ranges::equal(generated, written, [](const auto& a, const auto& b) {
    return a.tool_name == b.tool_name && a.arguments == b.arguments;
  });
}

}  // namespace

const std::vector<base::TokenId>& Conversation::write(const ModelRuntime& runtime,
                                                      const Transcript& transcript) {
  cut(transcript);
  while (entry_ids_.size() < transcript.size()) {
    std::size_t taken = take_answer(transcript);
    if (taken == 0) taken = runtime.append_message(transcript, entry_ids_.size(), tokens_);
    for (; taken > 0; --taken) entry_ids_.push_back(entry_id(transcript[entry_ids_.size()]));
    marks_.push_back({entry_ids_.size(), tokens_.size()});
  }
  return tokens_;
}

void Conversation::answered(std::vector<base::TokenId> tokens, std::string text,
                            std::vector<Transcript::ToolCall> calls) {
  answer_ = {entry_ids_.size(), std::move(tokens), std::move(text), std::move(calls)};
}

// Back to the last message that the transcript has as well.
void Conversation::cut(const Transcript& transcript) {
  std::size_t common = 0;
  while (common < std::min(entry_ids_.size(), transcript.size()) &&
         entry_ids_[common] == entry_id(transcript[common])) {
    ++common;
  }
  while (!marks_.empty() && marks_.back().entries > common) marks_.pop_back();
  const Mark end = marks_.empty() ? Mark{0, 0} : marks_.back();
  if (answer_ && end.entries < answer_->entries) answer_.reset();
  entry_ids_.resize(end.entries);
  tokens_.resize(end.tokens);
}

// How many entries the generated answer is, where it comes next; 0 where it does not.
std::size_t Conversation::take_answer(const Transcript& transcript) {
  if (!answer_ || answer_->entries != entry_ids_.size()) return 0;
  std::size_t next = answer_->entries;
  if (!answer_->text.empty() || answer_->calls.empty()) {
    if (!std::holds_alternative<Transcript::Response>(transcript[next]) ||
        entry_text(transcript[next]) != answer_->text) {
      return 0;
    }
    ++next;
  }
  if (!answer_->calls.empty()) {
    if (next == transcript.size()) return 0;
    const auto* calls = std::get_if<Transcript::ToolCalls>(&transcript[next]);
    if (calls == nullptr || !same_calls(answer_->calls, calls->calls)) return 0;
    ++next;
  }
  tokens_ = std::move(answer_->tokens);
  const std::size_t taken = next - answer_->entries;
  answer_.reset();
  return taken;
}

}  // namespace espalier::framework
