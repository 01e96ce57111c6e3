#include "engine/sampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
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

// Of scores: the token cannot come.
constexpr float never = -std::numeric_limits<float>::infinity();

// As many as there are bits, or fewer. Most words of a mask allow nearly all or nearly none.
void copy_allowed(std::span<const float> logits, std::uint64_t mask, std::span<float> scores) {
  const bool many = static_cast<std::size_t>(std::popcount(mask)) > logits.size() / 2;
  if (many) {
    std::ranges::copy(logits, scores.begin());
  } else {
    std::ranges::fill(scores, never);
  }
  for (std::uint64_t rest = many ? ~mask : mask; rest != 0; rest &= rest - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(rest));
    if (i >= logits.size()) return;
    scores[i] = many ? never : logits[i];
  }
}

void copy_allowed(std::span<const float> logits, std::span<const std::uint64_t> mask,
                  std::span<float> scores) {
  constexpr std::size_t bits = 64;
  for (std::size_t i = 0; i < logits.size(); i += bits) {
    const std::size_t count = std::min(bits, logits.size() - i);
    const std::uint64_t word = i / bits < mask.size() ? mask[i / bits] : 0;
    copy_allowed(logits.subspan(i, count), word, scores.subspan(i, count));
  }
}

void copy_allowed(std::span<const float> logits, const Choices& choices, std::span<float> scores) {
  if (choices.mask.empty()) {
    std::ranges::copy(logits, scores.begin());
  } else if (choices.tokens.empty()) {
    copy_allowed(logits, choices.mask, scores);
  } else {
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const auto token = static_cast<std::size_t>(choices.tokens[i]);
      const bool allowed =
          token / 64 < choices.mask.size() && (choices.mask[token / 64] >> (token % 64) & 1U) != 0;
      scores[i] = allowed ? logits[i] : never;
    }
  }
}

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

TokenId Sampler::sample(std::span<const float> logits, std::span<const TokenId> recent,
                        const Choices& choices) {
  const Index chosen = choose(logits, recent, choices);
  return choices.tokens.empty() ? static_cast<TokenId>(chosen) : choices.tokens[chosen];
}

Sampler::Index Sampler::choose(std::span<const float> logits, std::span<const TokenId> recent,
                               const Choices& choices) {
  const bool penalise = options_.repeat_penalty != 1.0F && !recent.empty();
  const bool greedy = options_.temperature == 0.0F;
  if (greedy && !penalise && choices.mask.empty()) return highest(logits);
  scores_.resize(logits.size());
  copy_allowed(logits, choices, scores_);
  if (penalise) penalise_repeats(recent, choices);
  if (greedy) return highest(scores_);
  ops_->softmax(scores_, options_.temperature);
  const bool any = options_.top_k == 0 && options_.top_p >= 1.0F && options_.min_p == 0.0F;
  return any ? draw_any() : draw_likely();
}

// The first of the highest.
Sampler::Index Sampler::highest(std::span<const float> scores) const {
  const float value = ops_->largest(scores);
  const auto first = std::find(scores.begin(), scores.end(), value);
  if (!std::isfinite(value) || first == scores.end()) fail_without_numbers();
  return static_cast<Index>(first - scores.begin());
}

void Sampler::penalise_repeats(std::span<const TokenId> recent, const Choices& choices) {
  const auto repeated = recent.last(std::min(options_.repeat_window, recent.size()));
  repeated_.assign(repeated.begin(), repeated.end());
  std::ranges::sort(repeated_);
  const auto doubled = std::ranges::unique(repeated_);
  repeated_.erase(doubled.begin(), doubled.end());
  for (const TokenId token : repeated_) {
    auto index = static_cast<std::size_t>(token);
    if (!choices.tokens.empty()) {
      const auto at = std::ranges::lower_bound(choices.tokens, token);
      if (at == choices.tokens.end() || *at != token) continue;
      index = static_cast<std::size_t>(at - choices.tokens.begin());
    }
    float& score = scores_[index];
    score = score > 0 ? score / options_.repeat_penalty : score * options_.repeat_penalty;
  }
}

// 53 random bits: the same number on every standard library.
double Sampler::uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

// Among all, in the order of their numbers.
Sampler::Index Sampler::draw_any() {
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
      if (rest < 0) return static_cast<Index>(i);
    }
  }
  // Rounding ate the last of it: the likeliest is always a right answer.
  return highest(all);
}

Sampler::Index Sampler::draw_likely() {
  keep_likely();
  double total = 0;
  for (const Index i : candidates_) total += scores_[i];
  if (!(total > 0)) fail_without_numbers();
  double rest = uniform() * total;
  for (const Index i : candidates_) {
    rest -= scores_[i];
    if (rest < 0) return i;
  }
  return candidates_.front();
}

// Leaves the tokens to keep in candidates_, the likeliest first. A few tokens hold nearly all of
// the probability: those above a threshold are sorted, and only where they do not reach the limits,
// more below a lower one.
void Sampler::keep_likely() {
  const auto likelier = [&](Index a, Index b) {
    return scores_[a] != scores_[b] ? scores_[a] > scores_[b] : a < b;
  };
  const float best = ops_->largest(scores_);
  const float least = options_.min_p * best;
  const std::size_t limit = options_.top_k > 0 ? static_cast<std::size_t>(options_.top_k)
                                               : std::numeric_limits<std::size_t>::max();
  for (float threshold = best * first_threshold;; threshold *= first_threshold) {
    candidates_.clear();
    for (std::size_t i = 0; i < scores_.size(); ++i) {
      if (scores_[i] >= threshold) candidates_.push_back(static_cast<Index>(i));
    }
    std::sort(candidates_.begin(), candidates_.end(), likelier);
    double mass = 0;
    for (std::size_t kept = 0; kept < candidates_.size(); ++kept) {
      const float p = scores_[candidates_[kept]];
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
