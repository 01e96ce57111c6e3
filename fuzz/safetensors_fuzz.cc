// Any bytes as a safetensors file and as an index: parsed, and if they pass for one, every tensor
// is read. The seeds in corpus/safetensors come from make_safetensors_corpus.py.
#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/safetensors_exercise_testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  espalier::tensor::testing::exercise_safetensors(std::as_bytes(std::span(data, size)));
  return 0;
}
