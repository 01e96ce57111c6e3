// Does with a parsed file all that a program could: reads every key by every getter, every tensor's
// every row. The fuzzer and the corpus test run it; whatever the bytes were, it may throw
// InvalidFile and nothing else, and touch no byte outside them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "espalier/error.h"
#include "tensor/dequantise.h"
#include "tensor/gguf_reader.h"
#include "tensor/packed_matrix.h"

namespace espalier::tensor::testing {

template <class Call>
void allow_invalid(Call call) {
  try {
    call();
  } catch (const InvalidFile&) {
    // The key or the tensor is not what this getter wants: fine.
  }
}

inline void exercise_key(const GgufMetadata& metadata, const GgufValue& value) {
  (void)to_text(value);
  (void)describe_type(value);
  allow_invalid([&] { (void)metadata.get_integer<std::uint32_t>(value.key); });
  allow_invalid([&] { (void)metadata.get_integer<std::int64_t>(value.key); });
  allow_invalid([&] { (void)metadata.get_float(value.key); });
  allow_invalid([&] { (void)metadata.get_bool(value.key); });
  allow_invalid([&] { (void)metadata.get_string(value.key); });
  allow_invalid([&] { (void)metadata.get_strings(value.key); });
  allow_invalid([&] { (void)metadata.get_ints(value.key); });
  allow_invalid([&] { (void)metadata.get_floats(value.key); });
}

inline void exercise_tensor(const GgufFile& file, const GgufTensor& tensor) {
  allow_invalid([&] {
    const TensorView weights = file.weights(file.tensor(tensor.name));
    std::vector<float> row(weights.cols);
    for (std::size_t i = 0; i < weights.rows; ++i) {
      dequantise(weights.dtype, weights.row(i), row);
    }
    unpack_row(pack(weights), weights.rows - 1, row);
  });
}

inline void exercise_gguf(std::span<const std::byte> bytes) {
  allow_invalid([&] {
    const GgufFile file = GgufFile::parse("input", bytes);
    for (const GgufValue& value : file.metadata().values()) exercise_key(file.metadata(), value);
    for (const GgufTensor& tensor : file.tensors()) exercise_tensor(file, tensor);
  });
}

}  // namespace espalier::tensor::testing
