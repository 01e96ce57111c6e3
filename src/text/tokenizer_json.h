// The tokenizer of a Hugging Face folder, as the text layer takes it.
//
//   const auto document = base::JsonDocument::open(folder / "tokenizer.json",
//   tokenizer_json_limits); const Tokenizer tokenizer(read_tokenizer_json(document));
//
// A tokenizer.json is a pipeline of named steps. Those that models of the supported families use
// are read; every other one is refused, with its place in the file and what is known instead:
//
//   model           BPE: byte level, or characters with byte_fallback; unk_token, fuse_unk,
//                   ignore_merges
//   added_tokens    special, normalized, lstrip, rstrip (single_word is refused)
//   normalizer      NFC, NFKC, Prepend, Replace of a string
//   pre_tokenizer   ByteLevel, Split by the expressions of GPT-2, Llama 3 and Qwen 2
//   (pre_tokenizer.h),
//                   Digits, Metaspace
//   post_processor  TemplateProcessing that puts one token before or behind the text, ByteLevel
//   decoder         ByteLevel, Replace, ByteFallback, Fuse, Strip, Metaspace
//
// and Sequence of them. `truncation` and `padding` are wishes for batches and are not applied.
#pragma once

#include "base/json.h"
#include "text/vocabulary.h"

namespace espalier::text {

// With these a hostile file costs its own size and 64 MB at most, until it is refused; gemma 3's
// file has 2.2 million values and keys.
inline constexpr base::JsonLimits tokenizer_json_limits{.bytes = std::size_t{128} << 20,
                                                        .values = 2'300'000};

// Throws InvalidFile naming file, byte, path and fault.
VocabularyData read_tokenizer_json(const base::JsonDocument& document);

}  // namespace espalier::text
