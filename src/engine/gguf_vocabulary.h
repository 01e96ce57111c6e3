// The tokenizer that a GGUF file carries, as the text layer takes it.
#pragma once

#include "tensor/gguf_reader.h"
#include "text/vocabulary.h"

namespace espalier::engine {

// Reads tokenizer.ggml.*: byte-level BPE ("gpt2", with one of the pre-tokenisers that
// text::PreTokenizer knows) and SentencePiece ("llama"). What a file leaves out is as llama.cpp has
// it. Throws InvalidFile naming the file, the key and what was expected; the tokens themselves are
// checked by text::Tokenizer.
text::VocabularyData read_vocabulary(const tensor::GgufFile& file);

}  // namespace espalier::engine
