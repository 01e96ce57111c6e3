// Layers that see everything among layers with a window, at regular places.
#pragma once

#include <cstddef>

#include "model/config.h"

namespace espalier::model {

// Every layer whose number (from 1) `pattern` divides is global; 0: none is.
constexpr bool is_global(std::size_t layer, std::size_t pattern) noexcept {
  return pattern != 0 && (layer + 1) % pattern == 0;
}

// The pattern of the configuration's windows: `usual` where it fits, else the smallest that does;
// where none does, one that does not.
inline std::size_t find_pattern(const ModelConfig& config, std::size_t usual) noexcept {
  const auto fits = [&](std::size_t pattern) {
    for (std::size_t i = 0; i < config.layers.size(); ++i) {
      if (is_global(i, pattern) != (config.layers[i].window == 0)) return false;
    }
    return true;
  };
  if (fits(usual)) return usual;
  std::size_t pattern = 0;
  while (!fits(pattern) && pattern < config.layers.size()) ++pattern;
  return pattern;
}

}  // namespace espalier::model
