// Small tokenizer.json files for tests and the fuzzer.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "espalier/error.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"
#include "text/tokenizer_json.h"

namespace espalier::text::testing {

// Bytes, in Llama 3's manner.
inline constexpr std::string_view byte_level_json = R"({
  "version": "1.0", "truncation": null, "padding": null,
  "added_tokens": [
    {"id": 6, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
     "normalized": false, "special": true},
    {"id": 7, "content": "<tool>", "single_word": false, "lstrip": false, "rstrip": false,
     "normalized": true, "special": false}
  ],
  "normalizer": {"type": "Replace", "pattern": {"String": "e\u0301"}, "content": "\u00e9"},
  "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
    {"type": "Digits", "individual_digits": true},
    {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}]},
  "post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [6], "tokens": ["<s>"]}}},
  "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
  "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
    "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
    "vocab": {"a": 0, "b": 1, "c": 2, "\u0120": 3, "ab": 4, "abc": 5},
    "merges": ["a b", ["ab", "c"]]}
})";

// Characters, in Llama 2's manner.
inline constexpr std::string_view sentence_piece_json = R"({
  "added_tokens": [{"id": 0, "content": "<unk>", "special": true, "normalized": false},
                   {"id": 1, "content": "<mask>", "special": true, "normalized": false, "lstrip": true}],
  "normalizer": {"type": "Sequence", "normalizers": [
    {"type": "Prepend", "prepend": "▁"},
    {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
  "pre_tokenizer": null, "post_processor": null,
  "decoder": {"type": "Sequence", "decoders": [
    {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
    {"type": "ByteFallback"}, {"type": "Fuse"},
    {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
  "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
    "vocab": {"<unk>": 0, "<mask>": 1, "<0xC3>": 2, "<0xA9>": 3, "▁": 4, "a": 5, "b": 6, "▁a": 7},
    "merges": ["▁ a"]}
})";

inline VocabularyData read_json(std::string_view text) {
  return read_tokenizer_json(
      base::JsonDocument::parse("tokenizer.json", std::string(text), tokenizer_json_limits));
}

// Does with any bytes what a program could do with a tokenizer.json; it may throw InvalidFile and
// nothing else.
inline void exercise_tokenizer_json(std::string_view bytes) {
  try {
    const Tokenizer tokenizer(read_json(bytes));
    std::vector<TokenId> ids;
    for (const std::string_view text : {"a b", " abc\n\n<s>", "\u00e9<mask>\xff 12", "<tool>"}) {
      for (const bool special : {true, false}) {
        tokenizer.encode(text, {.recognise_special = special}, ids);
      }
    }
    (void)tokenizer.decode(ids);
    (void)tokenizer.decode_bytes(ids, {.include_special = true});
  } catch (const InvalidFile&) {
    // Refused by name: fine.
  }
}

}  // namespace espalier::text::testing
