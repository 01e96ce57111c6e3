// What both directions of convert.h share. Inside engine only.
#pragma once

#include <filesystem>
#include <vector>

#include "base/token.h"
#include "engine/convert.h"
#include "model/convert_weights.h"

namespace espalier::engine {

ConvertReport convert_to_folder(const std::filesystem::path& file,
                                const std::filesystem::path& output, const ConvertOptions& options);
ConvertReport convert_to_gguf(const std::filesystem::path& folder,
                              const std::filesystem::path& output, const ConvertOptions& options);

// Family, tensors, bytes and types.
ConvertReport report_on(const model::ModelConfig& config,
                        std::span<const model::ConvertedTensor> tensors);

// The type that most bytes of the tensors have.
tensor::DType main_dtype(std::span<const model::ConvertedTensor> tensors);

// Tells options.progress of one tensor after the other.
class TensorCount {
 public:
  TensorCount(const ConvertOptions& options, std::size_t total)
      : options_(options), total_(total) {}

  void done_with(std::string_view tensor) {
    ++done_;
    if (options_.progress) options_.progress(done_, total_, tensor);
  }

 private:
  const ConvertOptions& options_;
  std::size_t total_;
  std::size_t done_ = 0;
};

}  // namespace espalier::engine
