// A model from a GGUF file to a Hugging Face folder, and back.
//
//   const ConvertReport report = convert("model.gguf", "model", {.target = ConvertTarget::folder});
//
// All that could be refused is refused before anything is written: a family, a tokenizer, a key
// that the other format cannot say, a tensor that is missing. Weights go through one row at a time.
// The new file or folder appears at its path whole, or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/dtype.h"

namespace espalier::engine {

enum class ConvertTarget : std::uint8_t { folder, gguf };

struct ConvertOptions {
  ConvertTarget target = ConvertTarget::folder;
  // Nothing keeps F32, F16 and BF16 as they are, and makes F16 of types in blocks, which
  // safetensors files cannot hold: of the types with 16 bits the one that loses least, 11
  // significant bits where BF16 has 8. In a GGUF file norms and biases are F32 in any case.
  std::optional<tensor::DType> dtype = {};
  std::uint64_t shard_bytes = 5'000'000'000;  // of a folder's files
  // Whether what is at the output's path may be replaced: a file, or a folder with a config.json.
  bool force = false;
  // Called after each tensor. May throw to stop.
  std::function<void(std::size_t done, std::size_t total, std::string_view tensor)> progress = {};
};

// How many tensors went from one type to another.
struct DTypeChange {
  tensor::DType from, to;
  std::size_t tensors = 0;
};

struct ConvertReport {
  std::string family;
  std::size_t tensors = 0;
  std::uint64_t bytes = 0;  // of the weights written
  std::vector<std::string> files = {};
  std::vector<DTypeChange> dtypes = {};  // in the order of first mention
  std::vector<std::string> notes = {};   // what the new format could not say, for people
};

// Throws InvalidFile naming what cannot be converted, AssetsUnavailable where a file cannot be read
// or written or the disk is too small, InvalidArgument where the output is there already or the
// model has the wanted format.
ConvertReport convert(const std::filesystem::path& model, const std::filesystem::path& output,
                      const ConvertOptions& options);

}  // namespace espalier::engine
