// The tokens of a conversation, kept from one request to the next.
#pragma once

#include <cstddef>
#include <vector>

#include "base/token.h"
#include "espalier/transcript.h"
#include "framework/model_runtime.h"

namespace espalier::framework {

class Conversation {
 public:
  // The tokens of the transcript. What it has in common with the one before is not encoded again,
  // and nothing that stands behind a change is kept.
  const std::vector<base::TokenId>& write(const ModelRuntime& runtime,
                                          const Transcript& transcript);

  // The tokens of one more message behind that transcript.
  std::vector<base::TokenId> behind(const ModelRuntime& runtime,
                                    const std::vector<Transcript::Entry>& message) const;

 private:
  struct Mark {  // the end of a message
    std::size_t entries;
    std::size_t tokens;
  };

  void cut(const Transcript& transcript);

  std::vector<Transcript::Entry> written_;
  std::vector<Mark> marks_;
  std::vector<base::TokenId> tokens_;
};

}  // namespace espalier::framework
