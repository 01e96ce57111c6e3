// Any bytes as JSON: parsed, and if they pass for it, every value is read in every way. The seeds
// in corpus/json come from make_json_corpus.py.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/json_exercise_testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  espalier::base::testing::exercise_json({reinterpret_cast<const char*>(data), size});
  return 0;
}
