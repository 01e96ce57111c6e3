// The tokenizer that a GGUF file carries, as the text layer takes it.
#pragma once

#include <cstddef>

#include "tensor/gguf_keys.h"
#include "tensor/gguf_reader.h"
#include "text/vocabulary.h"

namespace espalier::engine {

// Reads tokenizer.ggml.*: byte-level BPE ("gpt2", with one of the pre-tokenisers that
// text::PreTokenizer knows) and SentencePiece ("llama"). What a file leaves out is as llama.cpp has
// it. Throws InvalidFile naming the file, the key and what was expected; the tokens themselves are
// checked by text::Tokenizer.
text::VocabularyData read_vocabulary(const tensor::GgufFile& file);

// The same keys, written: `data` of any file that a Tokenizer has checked. The embedding has `rows`
// rows; tokens of type unused make up for those that the tokenizer lacks, as llama.cpp wants it.
// Throws InvalidFile naming what no key says (a normalizer, a pre_tokenizer, merges of characters
// that are not SentencePiece's).
void write_vocabulary(const text::VocabularyData& data, std::size_t rows, tensor::GgufKeys& keys);

}  // namespace espalier::engine
