// Any bytes as a JSON Schema: compiled or refused within its limits, and its masks walked. The
// seeds in corpus/schema come from make_schema_corpus.py.
#include <cstddef>
#include <cstdint>

#include "guide/schema_exercise_testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  espalier::guide::testing::exercise_schema({reinterpret_cast<const char*>(data), size});
  return 0;
}
