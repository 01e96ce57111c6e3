// Any bytes as a GGUF file: parsed, and if they pass for one, every key and every tensor is read.
// The seeds in corpus/gguf come from make_gguf_corpus.py.
#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/gguf_exercise_testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  espalier::tensor::testing::exercise_gguf(std::as_bytes(std::span(data, size)));
  return 0;
}
