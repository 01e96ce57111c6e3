// A GGUF file's keys about its architecture, written: the way back from gguf_keys.h.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "tensor/gguf_keys.h"

namespace espalier::model {

class GgufConfig {
 public:
  // `architecture` is what general.architecture says; `origin` starts messages. All must outlive
  // this.
  GgufConfig(const ModelConfig& config, std::string_view architecture, std::string_view origin,
             tensor::GgufKeys& keys);

  // Begin with the architecture's name, as GgufKeys'. Sizes are u32.
  void add(std::string_view key, std::size_t size);
  void add(std::string_view key, float value);
  void add(std::string_view key, std::string_view text);

  // What all families spell alike. Gives what GgufKeys::config(layer) will make of it, for the
  // family to complete as its reader does.
  ModelConfig add_common(const LayerConfig& layer);

  // Throws InvalidFile where `read`, what a reader makes of the keys, is another model: what a GGUF
  // file cannot say is refused by name.
  void require(const ModelConfig& read) const;

 private:
  const ModelConfig& config_;
  std::string prefix_;
  std::string_view origin_;
  tensor::GgufKeys& keys_;
};

// What tensor rope_freqs.weight holds, [K/2]; empty where keys say it all.
std::vector<float> rope_frequencies(const ModelConfig& config);

}  // namespace espalier::model
