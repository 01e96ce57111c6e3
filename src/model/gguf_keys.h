// A GGUF file's keys about its architecture, which begin with the architecture's name:
// keys.size("block_count") reads "llama.block_count" in a llama file.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "model/config.h"
#include "tensor/gguf_reader.h"

namespace espalier::model {

class GgufKeys {
 public:
  explicit GgufKeys(const tensor::GgufFile& file);

  std::string full_name(std::string_view key) const { return prefix_ + std::string(key); }
  std::size_t size(std::string_view key) const;
  std::optional<std::size_t> find_size(std::string_view key) const;
  std::optional<float> find_float(std::string_view key) const;

  // What all families spell alike. Every layer is `layer`, with a KV slot of its own. ropes holds
  // one entry: the base, divided as the file says (linear scaling, llama 3's rope_freqs.weight).
  // attention_scale is the file's, or 1/√K.
  //
  // Throws InvalidFile where a key that changes what the model computes is set to something that no
  // ModelConfig can say.
  ModelConfig config(const LayerConfig& layer) const;

  // Throws InvalidFile where the key is set to anything but `neutral`.
  void refuse(std::string_view key, std::string_view neutral = "0") const;

 private:
  RopeConfig rope(std::size_t head_size) const;

  const tensor::GgufFile& file_;
  std::string prefix_;  // "llama."
};

}  // namespace espalier::model
