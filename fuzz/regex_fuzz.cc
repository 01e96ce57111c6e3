// Any bytes as a regular expression: refused, or compiled and walked at random. The seeds in
// corpus/regex come from make_text_guide_corpus.py.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "guide/text_exercise_testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  espalier::guide::testing::exercise_regex({reinterpret_cast<const char*>(data), size});
  return 0;
}
