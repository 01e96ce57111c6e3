// model.safetensors.index.json: which file of a folder holds which tensor.
//
//   {"metadata": {"total_size": 269060552},
//    "weight_map": {"lm_head.weight": "model-00001-of-00002.safetensors", …}}
//
// The metadata is what its writer once counted; nothing here depends on it.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace espalier::tensor {

struct SafetensorsIndex {
  std::vector<std::string_view> files;  // views into the document, in the order of first mention
  // Tensor names, in the file's order, each with the number of its file.
  std::vector<std::pair<std::string_view, std::uint32_t>> tensors;
};

// Throws InvalidFile where there is no weight_map of names, where a file's name is more than a
// plain name ending in .safetensors (no folders, no control characters), or where there are more
// than 65,536 tensors or 4,096 files. The document must outlive the result.
SafetensorsIndex read_safetensors_index(const base::JsonDocument& document);

}  // namespace espalier::tensor
