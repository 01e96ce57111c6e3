#include "engine/sampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "espalier/error.h"

namespace espalier::engine {
namespace {

using base::TokenId;

void require(bool holds, std::string_view option, double value, std::string_view range) {
  if (!holds) throw InvalidArgument(fmt::format("{} {}: must be {}", option, value, range));
}

[[noreturn]] void fail_without_numbers() {
  throw DecodingFailure(
      "the model's logits are infinite or no numbers: its file may be damaged, or its values "
      "exceed "
      "what the KV cache's type holds");
}

// The first of the highest.
TokenId argmax(std::span<const float> logits) {
  const auto highest = std::max_element(logits.begin(), logits.end());
  if (!std::isfinite(*highest)) fail_without_numbers();
  return static_cast<TokenId>(highest - logits.begin());
}

}  // namespace

void validate(const SamplingOptions& o) {
  require(std::isfinite(o.temperature) && o.temperature >= 0, "temperature", o.temperature,
          "0 (greedy) or more");
  require(o.top_k >= 0, "top-k", o.top_k, "0 (off) or more");
  require(o.top_p > 0 && o.top_p <= 1, "top-p", o.top_p, "above 0 and at most 1 (off)");
  require(o.min_p >= 0 && o.min_p <= 1, "min-p", o.min_p, "from 0 (off) to 1");
  require(std::isfinite(o.repeat_penalty) && o.repeat_penalty > 0, "repeat penalty",
          o.repeat_penalty, "above 0; 1 is off");
}

Sampler::Sampler(SamplingOptions options, const kernels::Ops& ops)
    : options_(options), ops_(&ops), random_(options.seed) {
  validate(options_);
}

TokenId Sampler::sample(std::span<const float> logits, std::span<const TokenId> recent) {
  const bool penalise = options_.repeat_penalty != 1.0F && !recent.empty();
  if (options_.temperature == 0.0F && !penalise) return argmax(logits);
  scores_.assign(logits.begin(), logits.end());
  if (penalise) {
    penalise_repeats(recent);
    if (options_.temperature == 0.0F) return argmax(scores_);
  }
  // Subtracting the maximum first keeps a tiny temperature from overflowing; so does dividing, as
  // the inverse of the tiniest is infinite.
  const float highest = scores_[static_cast<std::size_t>(argmax(scores_))];
  for (float& score : scores_) score = (score - highest) / options_.temperature;
  ops_->softmax(scores_);
  return draw();
}

void Sampler::penalise_repeats(std::span<const TokenId> recent) {
  const std::size_t window = std::min(options_.repeat_window, recent.size());
  candidates_.assign(recent.end() - static_cast<std::ptrdiff_t>(window), recent.end());
  std::sort(candidates_.begin(), candidates_.end());
  candidates_.erase(std::unique(candidates_.begin(), candidates_.end()), candidates_.end());
  for (TokenId token : candidates_) {
    float& score = scores_[static_cast<std::size_t>(token)];
    score = score > 0 ? score / options_.repeat_penalty : score * options_.repeat_penalty;
  }
}

// 53 random bits: the same number on every standard library.
double Sampler::uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

// scores_ holds probabilities. The likely tokens come off a heap one by one until a limit is met,
// so a vocabulary of which a few tokens matter is never sorted.
TokenId Sampler::draw() {
  const double random = uniform();
  const bool keep_all = options_.top_k == 0 && options_.top_p >= 1.0F && options_.min_p == 0.0F;
  candidates_.resize(scores_.size());
  std::iota(candidates_.begin(), candidates_.end(), 0);
  std::size_t kept = candidates_.size();
  if (!keep_all) kept = keep_likely();
  const std::span<const TokenId> chosen(candidates_.data() + candidates_.size() - kept, kept);
  double total = 0;
  for (TokenId token : chosen) total += scores_[static_cast<std::size_t>(token)];
  if (!(total > 0)) fail_without_numbers();  // a NaN among the logits makes all of them NaN
  double rest = random * total;
  // From the likeliest down, which is where the heap left it.
  for (std::size_t i = chosen.size(); i-- > 0;) {
    rest -= scores_[static_cast<std::size_t>(chosen[i])];
    if (rest < 0) return chosen[i];
  }
  // Rounding ate the last of it: the likeliest is always a right answer.
  return argmax(scores_);
}

// Moves the tokens to keep to the end of candidates_, the likeliest last; returns how many.
std::size_t Sampler::keep_likely() {
  const auto less_likely = [this](TokenId a, TokenId b) {
    const float pa = scores_[static_cast<std::size_t>(a)];
    const float pb = scores_[static_cast<std::size_t>(b)];
    return pa != pb ? pa < pb : a > b;
  };
  std::make_heap(candidates_.begin(), candidates_.end(), less_likely);
  const std::size_t limit = options_.top_k > 0 ? static_cast<std::size_t>(options_.top_k)
                                               : std::numeric_limits<std::size_t>::max();
  const float least = options_.min_p * scores_[static_cast<std::size_t>(candidates_.front())];
  double mass = 0;
  std::size_t kept = 0;
  auto end = candidates_.end();
  while (kept < limit && end != candidates_.begin() && mass < options_.top_p) {
    const float probability = scores_[static_cast<std::size_t>(candidates_.front())];
    if (kept > 0 && probability < least) break;
    std::pop_heap(candidates_.begin(), end, less_likely);
    --end;
    mass += probability;
    ++kept;
  }
  // pop_heap puts the likeliest at the very end, the next before it: descending from the back.
  return kept;
}

}  // namespace espalier::engine
