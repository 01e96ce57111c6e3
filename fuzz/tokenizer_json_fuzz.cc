// Any bytes as a tokenizer.json: read, and if they pass for one, texts are encoded and decoded. The
// seeds in corpus/tokenizer_json come from make_tokenizer_json_corpus.py.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "text/tokenizer_json_testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  espalier::text::testing::exercise_tokenizer_json({reinterpret_cast<const char*>(data), size});
  return 0;
}
