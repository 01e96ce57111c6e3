// The steps of a tokenizer.json around its model. Inside text only.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "base/json.h"
#include "text/vocabulary.h"

namespace espalier::text {

// Refuses members of `object` that are none of `known`: what is not understood is not ignored.
void refuse_other_members(const base::JsonValue& object,
                          std::initializer_list<std::string_view> known);

// The expression of a known pre-tokeniser, as files spell it.
std::optional<std::string_view> pattern_of_pre_tokenizer(std::string_view name);

// Each reads one member of the file's root, which may be null, into `data`. In this order: what a
// step means may depend on those before it.
void read_normalizer(const base::JsonValue& step, VocabularyData& data);
void read_pre_tokenizer(const base::JsonValue& step, VocabularyData& data);
void read_post_processor(const base::JsonValue& step, VocabularyData& data);
void read_decoder(const base::JsonValue& step, VocabularyData& data);

}  // namespace espalier::text
