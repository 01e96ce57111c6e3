// The tokens that a model wrote, where the transcript has them.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/token.h"
#include "espalier/transcript.h"
#include "text/tokenizer.h"
#include "text/tool_style.h"

namespace espalier::framework {

// Those of a message, which has these entries; nothing where there are none, and where they spell
// something else, as those of another vocabulary do.
std::optional<std::span<const base::TokenId>> written_tokens(
    const text::Tokenizer& tokenizer, const text::ToolStyle& tools,
    std::span<const Transcript::Entry> message);

// Of a response or calls.
void set_token_ids(Transcript::Entry& entry, std::vector<base::TokenId> ids);

}  // namespace espalier::framework
