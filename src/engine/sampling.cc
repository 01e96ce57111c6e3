#include "engine/sampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

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

// A vocabulary is gone through in blocks: their sums say in which one a drawn number lies.
constexpr std::size_t block_tokens = 1024;

// Of the likeliest token's probability: what the first look at the likely ones leaves out.
constexpr float first_threshold = 0x1p-10F;

double sum(std::span<const float> values) {
  double lanes[4] = {};  // additions that do not wait for each other
  std::size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) lanes[lane] += values[i + lane];
  }
  for (; i < values.size(); ++i) lanes[0] += values[i];
  return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
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
  const bool greedy = options_.temperature == 0.0F;
  if (greedy && !penalise) return highest(logits);
  scores_.assign(logits.begin(), logits.end());
  if (penalise) penalise_repeats(recent);
  if (greedy) return highest(scores_);
  ops_->softmax(scores_, options_.temperature);
  const bool any = options_.top_k == 0 && options_.top_p >= 1.0F && options_.min_p == 0.0F;
  return any ? draw_any() : draw_likely();
}

// The first of the highest.
TokenId Sampler::highest(std::span<const float> scores) const {
  const float value = ops_->largest(scores);
  const auto first = std::find(scores.begin(), scores.end(), value);
  if (!std::isfinite(value) || first == scores.end()) fail_without_numbers();
  return static_cast<TokenId>(first - scores.begin());
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

// Among all tokens, in the order of their numbers.
TokenId Sampler::draw_any() {
  const std::span<const float> all = scores_;
  const auto block = [&](std::size_t begin) {
    return all.subspan(begin, std::min(block_tokens, all.size() - begin));
  };
  double total = 0;
  for (std::size_t b = 0; b < all.size(); b += block_tokens) total += sum(block(b));
  if (!(total > 0)) fail_without_numbers();  // a NaN among the logits makes all of them NaN
  double rest = uniform() * total;
  for (std::size_t b = 0; b < all.size(); b += block_tokens) {
    const double mass = sum(block(b));
    if (rest >= mass) {
      rest -= mass;
      continue;
    }
    for (std::size_t i = b; i < b + block(b).size(); ++i) {
      rest -= all[i];
      if (rest < 0) return static_cast<TokenId>(i);
    }
  }
  // Rounding ate the last of it: the likeliest is always a right answer.
  return highest(all);
}

TokenId Sampler::draw_likely() {
  keep_likely();
  double total = 0;
  for (TokenId token : candidates_) total += scores_[static_cast<std::size_t>(token)];
  if (!(total > 0)) fail_without_numbers();
  double rest = uniform() * total;
  for (TokenId token : candidates_) {
    rest -= scores_[static_cast<std::size_t>(token)];
    if (rest < 0) return token;
  }
  return candidates_.front();
}

// Leaves the tokens to keep in candidates_, the likeliest first. A few tokens hold nearly all of
// the probability: those above a threshold are sorted, and only where they do not reach the limits,
// more below a lower one.
void Sampler::keep_likely() {
  const auto probability = [this](TokenId token) {
    return scores_[static_cast<std::size_t>(token)];
  };
  const auto likelier = [&](TokenId a, TokenId b) {
    return probability(a) != probability(b) ? probability(a) > probability(b) : a < b;
  };
  const float best = ops_->largest(scores_);
  const float least = options_.min_p * best;
  const std::size_t limit = options_.top_k > 0 ? static_cast<std::size_t>(options_.top_k)
                                               : std::numeric_limits<std::size_t>::max();
  for (float threshold = best * first_threshold;; threshold *= first_threshold) {
    candidates_.clear();
    for (std::size_t i = 0; i < scores_.size(); ++i) {
      if (scores_[i] >= threshold) candidates_.push_back(static_cast<TokenId>(i));
    }
    std::sort(candidates_.begin(), candidates_.end(), likelier);
    double mass = 0;
    for (std::size_t kept = 0; kept < candidates_.size(); ++kept) {
      const float p = probability(candidates_[kept]);
      if (kept == limit || mass >= options_.top_p || (kept > 0 && p < least)) {
        return candidates_.resize(kept);
      }
      mass += p;
    }
    const bool all_seen = candidates_.size() == scores_.size() || !(threshold > 0);
    if (all_seen || candidates_.size() == limit || mass >= options_.top_p || threshold <= least) {
      return;
    }
  }
}

}  // namespace espalier::engine
