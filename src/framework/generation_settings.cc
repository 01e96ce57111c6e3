#include "framework/generation_settings.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <random>

#include "espalier/error.h"

namespace espalier::framework {
namespace {

std::uint64_t random_seed() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

double checked_temperature(double temperature) {
  if (!(temperature >= 0) || !std::isfinite(temperature)) {
    throw InvalidArgument(
        fmt::format("temperature is {}; a number of at least 0 is needed", temperature));
  }
  return temperature;
}

int checked_top_k(std::size_t top_k) {
  constexpr int most = std::numeric_limits<int>::max();
  if (top_k == 0 || top_k > static_cast<std::size_t>(most)) {
    throw InvalidArgument(fmt::format("top k is {}; 1 to {} is needed", top_k, most));
  }
  return static_cast<int>(top_k);
}

double checked_threshold(double threshold) {
  if (!(threshold > 0 && threshold <= 1)) {
    throw InvalidArgument(fmt::format(
        "the probability threshold is {}; more than 0 and at most 1 is needed", threshold));
  }
  return threshold;
}

}  // namespace

TurnSettings turn_settings(const GenerationOptions& options) {
  const SamplingMode mode = options.sampling.value_or(
      SamplingMode::random_probability_threshold(default_probability_threshold));
  const double temperature = checked_temperature(options.temperature.value_or(default_temperature));
  TurnSettings settings;
  if (mode.kind() != SamplingMode::Kind::greedy) {
    settings.sampling.temperature = static_cast<float>(temperature);
    settings.sampling.seed = mode.seed() ? *mode.seed() : random_seed();
  }
  if (mode.kind() == SamplingMode::Kind::random_top_k) {
    settings.sampling.top_k = checked_top_k(mode.top_k());
  }
  if (mode.kind() == SamplingMode::Kind::random_probability_threshold) {
    settings.sampling.top_p = static_cast<float>(checked_threshold(mode.probability_threshold()));
  }
  if (options.maximum_response_tokens) {
    if (*options.maximum_response_tokens == 0) {
      throw InvalidArgument("maximum_response_tokens is 0; at least 1 is needed");
    }
    settings.maximum_tokens = *options.maximum_response_tokens;
  }
  return settings;
}

}  // namespace espalier::framework
