// Which tokens end an answer, as a Hugging Face folder says it.
#pragma once

#include <filesystem>
#include <vector>

#include "base/token.h"

namespace espalier::engine {

// "eos_token_id" of generation_config.json or, where that names none, of config.json: one id or a
// list of them. Throws AssetsUnavailable where config.json cannot be read, InvalidFile naming file,
// byte and path on what is no id below `vocabulary`.
std::vector<base::TokenId> read_end_tokens(const std::filesystem::path& folder,
                                           std::size_t vocabulary);

}  // namespace espalier::engine
