// The tokens of a conversation, kept from one request to the next.
//
// An answer stands in them as it was generated: its text, encoded anew, might become other tokens
// than the KV cache holds.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/token.h"
#include "espalier/transcript.h"
#include "framework/model_runtime.h"

namespace espalier::framework {

class Conversation {
 public:
  // The tokens of the transcript. What it has in common with the one before is not encoded again.
  const std::vector<base::TokenId>& write(const ModelRuntime& runtime,
                                          const Transcript& transcript);

  // What was generated behind the transcript that was written last. `tokens` are those of the
  // whole conversation, the answer and its end included. Where a later transcript goes on with just
  // this text and these calls, it goes on with these tokens.
  void answered(std::vector<base::TokenId> tokens, std::string text,
                std::vector<Transcript::ToolCall> calls);

 private:
  struct Answer {
    std::size_t entries;  // in front of it
    std::vector<base::TokenId> tokens;
    std::string text;
    std::vector<Transcript::ToolCall> calls;
  };
  struct Mark {  // the end of a message
    std::size_t entries;
    std::size_t tokens;
  };

  void cut(const Transcript& transcript);
  std::size_t take_answer(const Transcript& transcript);

  std::vector<std::string> entry_ids_;  // of what is written
  std::vector<Mark> marks_;
  std::vector<base::TokenId> tokens_;
  std::optional<Answer> answer_;  // generated, not yet found in a transcript
};

}  // namespace espalier::framework
