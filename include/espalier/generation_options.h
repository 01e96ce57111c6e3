// How an answer is generated.
//
//   session.respond("Name a colour.", {.sampling = SamplingMode::greedy()});
//   session.respond("Name a colour.", {.sampling = SamplingMode::random_top_k(40, 7),
//                                      .temperature = 0.8,
//                                      .maximum_response_tokens = 20});
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace espalier {

// How a token is chosen from what the model thinks likely.
class SamplingMode {
 public:
  enum class Kind { greedy, random_top_k, random_probability_threshold };

  // Always the likeliest token: the same answer every time.
  static constexpr SamplingMode greedy() noexcept { return {}; }

  // One of the k (at least 1) likeliest tokens.
  static constexpr SamplingMode random_top_k(
      std::size_t k, std::optional<std::uint64_t> seed = std::nullopt) noexcept {
    SamplingMode mode;
    mode.kind_ = Kind::random_top_k;
    mode.top_k_ = k;
    mode.seed_ = seed;
    return mode;
  }

  // One of the fewest tokens whose probabilities add up to `threshold`, which is in (0, 1].
  static constexpr SamplingMode random_probability_threshold(
      double threshold, std::optional<std::uint64_t> seed = std::nullopt) noexcept {
    SamplingMode mode;
    mode.kind_ = Kind::random_probability_threshold;
    mode.threshold_ = threshold;
    mode.seed_ = seed;
    return mode;
  }

  constexpr Kind kind() const noexcept { return kind_; }
  constexpr std::size_t top_k() const noexcept { return top_k_; }
  constexpr double probability_threshold() const noexcept { return threshold_; }
  // With a seed an answer can be had again on the same machine; without one it cannot.
  constexpr std::optional<std::uint64_t> seed() const noexcept { return seed_; }

  bool operator==(const SamplingMode&) const = default;

 private:
  constexpr SamplingMode() noexcept = default;

  Kind kind_ = Kind::greedy;
  std::size_t top_k_ = 0;
  double threshold_ = 1.0;
  std::optional<std::uint64_t> seed_;
};

// Whether the model may call the session's tools (espalier/tool.h) before it answers.
enum class ToolCallingMode {
  allowed,
  required,    // it calls at least one first
  disallowed,  // it calls none, though it knows of them
};

// What is left out is chosen for the model: random sampling with a probability threshold of 0.9, a
// temperature of 0.2, and as many tokens as the context window holds. Values out of range make a
// request throw InvalidArgument.
struct GenerationOptions {
  std::optional<SamplingMode> sampling = std::nullopt;
  // At least 0. Below 1 the likely tokens become likelier; 0 is greedy. Greedy sampling ignores it.
  std::optional<double> temperature = std::nullopt;
  // At least 1. An answer that this cuts says so: Response::is_complete is false. In a turn that
  // calls tools, it holds for each thing that the model says.
  std::optional<std::size_t> maximum_response_tokens = std::nullopt;
  // Whether the model is shown the schema that its answer is held to. Without, the prompt should
  // say what is wanted; the answer fits the schema all the same.
  bool include_schema_in_prompt = true;
  // `required` in a session without tools makes a request throw InvalidArgument.
  ToolCallingMode tool_calling_mode = ToolCallingMode::allowed;

  bool operator==(const GenerationOptions&) const = default;
};

}  // namespace espalier
