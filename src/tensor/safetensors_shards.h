// How the tensors of a model are dealt out to files, and the index that says which has which.
//
//   for (const SafetensorsShard& shard : plan_shards(entries, 5'000'000'000)) …
//
// safetensors_folder.h reads what comes of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tensor/safetensors_writer.h"

namespace espalier::tensor {

struct SafetensorsShard {
  std::string file;  // model.safetensors, or model-00001-of-00003.safetensors and so on
  std::vector<SafetensorsEntry> entries;
};

inline constexpr const char* safetensors_index_file = "model.safetensors.index.json";

// In the order of the entries, as many in each file as `most_bytes` holds, headers aside; a tensor
// that is larger has a file of its own. Throws InvalidArgument naming a tensor whose bytes 64 bits
// cannot count.
std::vector<SafetensorsShard> plan_shards(std::vector<SafetensorsEntry> entries,
                                          std::uint64_t most_bytes);

// The bytes of all tensors of a shard.
std::uint64_t data_bytes(const SafetensorsShard& shard);

// What model.safetensors.index.json holds. A model in one file needs none.
std::string index_text(std::span<const SafetensorsShard> shards);

}  // namespace espalier::tensor
