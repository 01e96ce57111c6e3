#include "tensor/safetensors_shards.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/checked_math.h"
#include "espalier/error.h"
#include "tensor/message_format.h"

namespace espalier::tensor {
namespace {

std::uint64_t byte_size(const SafetensorsEntry& entry) {
  std::optional<std::uint64_t> bits = entry.type->bits;
  for (const std::uint64_t size : entry.shape) bits = bits ? base::checked_mul(*bits, size) : bits;
  if (!bits) {
    throw InvalidArgument(
        fmt::format("tensor {} has more bits than 64 bits count", base::quoted(entry.name)));
  }
  return (*bits + 7) / 8;
}

}  // namespace

std::vector<SafetensorsShard> plan_shards(std::vector<SafetensorsEntry> entries,
                                          std::uint64_t most_bytes) {
  std::vector<SafetensorsShard> shards(1);
  std::uint64_t used = 0;
  for (SafetensorsEntry& entry : entries) {
    const std::uint64_t bytes = byte_size(entry);
    const bool fits = used <= most_bytes && bytes <= most_bytes - used;
    if (!fits && !shards.back().entries.empty()) {
      shards.emplace_back();
      used = 0;
    }
    used += bytes;
    shards.back().entries.push_back(std::move(entry));
  }
  for (std::size_t i = 0; i < shards.size(); ++i) {
    shards[i].file = shards.size() == 1
                         ? "model.safetensors"
                         : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
  }
  return shards;
}

std::uint64_t data_bytes(const SafetensorsShard& shard) {
  std::uint64_t sum = 0;
  for (const SafetensorsEntry& entry : shard.entries) sum += byte_size(entry);
  return sum;
}

std::string index_text(std::span<const SafetensorsShard> shards) {
  std::uint64_t total = 0;
  // Sorted, as transformers has it; an ordered one would look for each name among all.
  nlohmann::json map = nlohmann::json::object();
  for (const SafetensorsShard& shard : shards) {
    total += data_bytes(shard);
    for (const SafetensorsEntry& entry : shard.entries) map[entry.name] = shard.file;
  }
  const nlohmann::json index = {{"metadata", {{"total_size", total}}}, {"weight_map", map}};
  return index.dump(2) + "\n";
}

}  // namespace espalier::tensor
