// The two ways in which files say what SentencePiece's BPE merges: scores of tokens in GGUF files,
// pairs in a tokenizer.json (character_bpe.h). Each from the other.
#pragma once

#include <vector>

#include "text/vocabulary.h"

namespace espalier::text {

// The pairs that transformers makes of scores: for every piece all cuts into two pieces, those of
// the highest score first, of one score those with the longest left side. Where two pieces have the
// same score, or one has several cuts, SentencePiece takes what comes first in the text instead;
// scores cannot be said in pairs any better. `data` has been checked by a Tokenizer.
std::vector<MergePair> merges_of_scores(const VocabularyData& data);

// A score for each token, such that merging by scores is merging by data.merge_pairs. Throws
// InvalidFile naming the first pair where there are none: because cuts of one piece do not stand
// together, or some are missing.
std::vector<float> scores_of_merges(const VocabularyData& data);

}  // namespace espalier::text
