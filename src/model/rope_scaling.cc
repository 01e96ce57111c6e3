#include "model/rope_scaling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace espalier::model {

std::vector<float> linear_divisors(std::size_t head_size, float factor) {
  if (factor == 1) return {};
  return std::vector<float>(head_size / 2, factor);
}

std::vector<float> llama3_divisors(std::size_t head_size, double theta,
                                   const Llama3Scaling& scaling) {
  std::vector<float> divisors;
  for (std::size_t i = 0; i < head_size / 2; ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(head_size);
    const double wavelength = 2 * std::numbers::pi * std::pow(theta, exponent);
    const double turns = scaling.original_context / wavelength;
    double divisor = 1;
    if (turns < scaling.low_frequency_factor) {
      divisor = scaling.factor;
    } else if (turns <= scaling.high_frequency_factor) {
      const double kept = (turns - scaling.low_frequency_factor) /
                          (scaling.high_frequency_factor - scaling.low_frequency_factor);
      divisor = 1 / ((1 - kept) / scaling.factor + kept);
    }
    divisors.push_back(static_cast<float>(divisor));
  }
  return divisors;
}

std::string describe_scaling(const RopeConfig& rope) {
  if (rope.divisors.empty()) return "none";
  const auto [least, most] = std::ranges::minmax(rope.divisors);
  if (least == most) return fmt::format("linear, factor {}", most);
  return fmt::format("by frequency, factor {} to {}", least, most);
}

std::optional<Llama3Scaling> find_llama3_scaling(const std::vector<float>& divisors,
                                                 std::size_t head_size, double theta) {
  constexpr double largest_context = 1 << 26;
  // Where a file's own arithmetic was in another order, the last digit may differ.
  const auto same = [](float a, float b) { return std::abs(a - b) <= 1e-6F * b; };
  // The longest waves are divided by all of it.
  Llama3Scaling scaling{.factor = static_cast<double>(std::ranges::max(divisors))};
  for (scaling.original_context = 1; scaling.original_context <= largest_context;
       scaling.original_context *= 2) {
    const std::vector<float> made = llama3_divisors(head_size, theta, scaling);
    if (std::ranges::equal(divisors, made, same)) return scaling;
  }
  return std::nullopt;
}

}  // namespace espalier::model
