// From logits to the next token.
//
// The order of the steps: repeat penalty on the logits of recent tokens (Keskar et al. 2019:
// positive logits are divided, negative multiplied), temperature, softmax, then top-k, top-p and
// min-p keep a set of likely tokens from which one is drawn. Ties go to the lower id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "base/token.h"
#include "kernels/ops.h"

namespace espalier::engine {

struct SamplingOptions {
  float temperature = 0.0F;        // 0: greedy
  int top_k = 0;                   // 0: off
  float top_p = 1.0F;              // 1: off
  float min_p = 0.0F;              // 0: off
  float repeat_penalty = 1.0F;     // 1: off
  std::size_t repeat_window = 64;  // how many recent tokens the penalty looks at
  std::uint64_t seed = 0;
};

// Throws InvalidArgument naming the option and its range.
void validate(const SamplingOptions& options);

// Which tokens logits stand for, and which of them may be chosen.
struct Choices {
  std::span<const base::TokenId> tokens = {};  // ascending, one for each logit; none: 0, 1, 2, …
  // Token t as bit t % 64 of word t / 64; those behind the last word may not. Empty: all may.
  std::span<const std::uint64_t> mask = {};
};

class Sampler {
 public:
  Sampler(SamplingOptions options, const kernels::Ops& ops);

  // Chooses a token. `recent` is the text so far, latest last; the logits are left as they are.
  // The same options, logits and number of earlier calls give the same token on one machine. Throws
  // DecodingFailure where the logits are no numbers to choose by.
  base::TokenId sample(std::span<const float> logits, std::span<const base::TokenId> recent,
                       const Choices& choices = {});

 private:
  using Index = std::uint32_t;  // of a logit

  Index choose(std::span<const float> logits, std::span<const base::TokenId> recent,
               const Choices& choices);
  Index highest(std::span<const float> scores) const;
  void penalise_repeats(std::span<const base::TokenId> recent, const Choices& choices);
  Index draw_any();
  Index draw_likely();
  void keep_likely();
  double uniform();

  SamplingOptions options_;
  const kernels::Ops* ops_;
  std::mt19937_64 random_;
  std::vector<float> scores_;  // then probabilities
  std::vector<Index> candidates_;
  std::vector<base::TokenId> repeated_;
};

}  // namespace espalier::engine
