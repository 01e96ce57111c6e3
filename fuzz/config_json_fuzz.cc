// Any bytes as config.json of any family, and as the two small files beside it:
// generation_config.json and tokenizer_config.json. The seeds in corpus/config_json come from
// make_config_json_corpus.py.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/config_json_exercise_testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  espalier::engine::testing::exercise_config_json({reinterpret_cast<const char*>(data), size});
  return 0;
}
