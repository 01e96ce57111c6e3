// Does with a parsed file all that a program could: reads every word, every tensor's every row. The
// fuzzer and the corpus test run it; whatever the bytes were, it may throw InvalidFile and nothing
// else, and touch no byte outside them.
#pragma once

#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "tensor/gguf_exercise_testing.h"
#include "tensor/safetensors_index.h"
#include "tensor/safetensors_reader.h"

namespace espalier::tensor::testing {

inline void exercise_safetensors(std::span<const std::byte> bytes) {
  allow_invalid([&] {
    const SafetensorsFile file = SafetensorsFile::parse("input", bytes);
    for (const auto& [key, value] : file.metadata()) {
      if (file.find_metadata(key) != value) std::abort();
    }
    std::size_t covered = 0;
    for (const SafetensorsTensor& tensor : file.tensors()) {
      if (file.find_tensor(tensor.name) != &tensor) std::abort();
      covered += tensor.bytes.size();
      allow_invalid([&] {
        const TensorView weights = file.weights(tensor);
        std::vector<float> row(weights.cols);
        for (std::size_t i = 0; i < weights.rows; ++i) {
          dequantise(weights.dtype, weights.row(i), row);
        }
        unpack_row(pack(weights), weights.rows - 1, row);
      });
    }
    if (covered > bytes.size()) std::abort();
  });
  // An index is another file of the format: the same bytes may be one.
  allow_invalid([&] {
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto document = base::JsonDocument::parse("input", text);
    for (const std::string_view file : read_safetensors_index(document).files) {
      if (file.find('/') != std::string_view::npos) std::abort();
    }
  });
}

}  // namespace espalier::tensor::testing
