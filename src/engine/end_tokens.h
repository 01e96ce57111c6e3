// Which tokens end an answer, as a Hugging Face folder says it.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "base/json.h"
#include "base/token.h"
#include "text/vocabulary.h"

namespace espalier::engine {

// "eos_token_id" of the file: one id or a list of them; none where it is absent or null. Throws
// InvalidFile naming file, byte and path on what is no id below `vocabulary`.
std::vector<base::TokenId> read_end_tokens(const base::JsonDocument& file, std::size_t vocabulary);

// "eos_token_id" of generation_config.json or, where that names none, of config.json. Throws
// AssetsUnavailable where config.json cannot be read, InvalidFile as above.
std::vector<base::TokenId> read_end_tokens(const std::filesystem::path& folder,
                                           std::size_t vocabulary);

// The same, written: "bos_token_id", "eos_token_id" (a list where there is an end of a turn beside
// the end of text) and "pad_token_id", those that `vocabulary` names.
void add_token_ids(const text::VocabularyData& vocabulary, nlohmann::ordered_json& json);

}  // namespace espalier::engine
