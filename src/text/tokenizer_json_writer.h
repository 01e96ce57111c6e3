// tokenizer.json, written: the way back from tokenizer_json.h.
#pragma once

#include <string>

#include "text/vocabulary.h"

namespace espalier::text {

// The text of a tokenizer.json that encodes and decodes as `data` does; SentencePiece's scores
// become pairs (piece_merges.h). Unused tokens at the end, which only fill an embedding up, are
// left out; others are tokens that no text becomes.
//
// `data` has been checked by a Tokenizer. Throws InvalidFile naming what the file cannot say.
std::string write_tokenizer_json(const VocabularyData& data);

}  // namespace espalier::text
