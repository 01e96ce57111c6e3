// Which tokens end an answer, as a Hugging Face folder says it.
#pragma once

#include <filesystem>
#include <vector>

#include "base/json.h"
#include "base/token.h"

namespace espalier::engine {

// "eos_token_id" of the file: one id or a list of them; none where it is absent or null. Throws
// InvalidFile naming file, byte and path on what is no id below `vocabulary`.
std::vector<base::TokenId> read_end_tokens(const base::JsonDocument& file, std::size_t vocabulary);

// "eos_token_id" of generation_config.json or, where that names none, of config.json. Throws
// AssetsUnavailable where config.json cannot be read, InvalidFile as above.
std::vector<base::TokenId> read_end_tokens(const std::filesystem::path& folder,
                                           std::size_t vocabulary);

}  // namespace espalier::engine
