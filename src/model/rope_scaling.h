// How models stretch rotary positions to contexts longer than they were first trained for, as
// RopeConfig::divisors.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "model/config.h"

namespace espalier::model {

// Position interpolation (Chen et al. 2023): every frequency divided by `factor`; none where it
// is 1.
std::vector<float> linear_divisors(std::size_t head_size, float factor);

// Llama 3's: waves shorter than original_context / high_frequency_factor stay, those longer than
// original_context / low_frequency_factor are divided by `factor`, and between the two the share of
// the divided frequency falls linearly with the number of turns in the original context.
struct Llama3Scaling {
  double factor = 1;
  double low_frequency_factor = 1;
  double high_frequency_factor = 4;
  double original_context = 8192;
};
std::vector<float> llama3_divisors(std::size_t head_size, double theta,
                                   const Llama3Scaling& scaling);

// "none", "linear, factor 8", or "by frequency, factor 1 to 32": for people.
std::string describe_scaling(const RopeConfig& rope);

// The scaling that gives these divisors, for files that hold those alone: with the factors 1 and 4
// that all published models have, and a power of two for the original context. Nothing where it is
// another one.
std::optional<Llama3Scaling> find_llama3_scaling(const std::vector<float>& divisors,
                                                 std::size_t head_size, double theta);

}  // namespace espalier::model
