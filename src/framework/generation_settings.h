// From the public GenerationOptions to what the engine takes.
#pragma once

#include <cstddef>
#include <memory>

#include "engine/sampling.h"
#include "espalier/generation_options.h"
#include "guide/guide.h"

namespace espalier::framework {

// What the authors of SmolLM2-Instruct advise for it, and a sober choice for other small models.
inline constexpr double default_temperature = 0.2;
inline constexpr double default_probability_threshold = 0.9;

struct TurnSettings {
  engine::SamplingOptions sampling = {};
  std::size_t maximum_tokens = 0;  // 0: as many as fit
  // What the answer is held to; null: nothing.
  std::shared_ptr<const guide::Guide> guide = nullptr;
};

// Throws InvalidArgument naming the option, what it was and its range. Without a seed in the
// options, draws one.
TurnSettings turn_settings(const GenerationOptions& options);

}  // namespace espalier::framework
