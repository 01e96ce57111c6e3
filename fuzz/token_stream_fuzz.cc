// Any bytes as what a program does with a matcher: tokens, allowed or not, rollbacks, copies,
// forced text. The seeds in corpus/token_stream come from make_token_stream_corpus.py.
#include <cstddef>
#include <cstdint>

#include "guide/token_stream_testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  espalier::guide::testing::TokenStream({data, size}).run();
  return 0;
}
