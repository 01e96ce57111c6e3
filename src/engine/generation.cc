#include "engine/generation.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "espalier/error.h"

namespace espalier::engine {
namespace {

// Up to so many allowed tokens, only their rows of the output head are computed: a row costs a
// group of 16, so this many are a few percent of a small vocabulary.
constexpr std::size_t few_tokens = 64;

// Puts the mask's tokens into `tokens` where they are at most few_tokens; else leaves it empty.
void collect_few(std::span<const std::uint64_t> mask, std::vector<base::TokenId>& tokens) {
  tokens.clear();
  for (std::size_t i = 0; i < mask.size(); ++i) {
    for (std::uint64_t word = mask[i]; word != 0; word &= word - 1) {
      if (tokens.size() == few_tokens) {
        tokens.clear();
        return;
      }
      const auto bit = static_cast<std::size_t>(std::countr_zero(word));
      tokens.push_back(static_cast<base::TokenId>(64 * i + bit));
    }
  }
}

// How many of the last bytes of `text` might be the beginning of `needle`.
std::size_t overlap(const std::string& text, const std::string& needle) {
  for (std::size_t n = std::min(text.size(), needle.size() - 1); n > 0; --n) {
    if (text.compare(text.size() - n, n, needle, 0, n) == 0) return n;
  }
  return 0;
}

}  // namespace

Generation::Generation(Engine& engine, const text::Tokenizer& tokenizer, Sequence& sequence,
                       std::vector<base::TokenId> prompt, GenerationSettings settings,
                       std::stop_token stop)
    : engine_(engine),
      sequence_(sequence),
      settings_(std::move(settings)),
      stop_(std::move(stop)),
      sampler_(settings_.sampling, kernels::ops_for(engine.options().isa)),
      vocabulary_(tokenizer.vocabulary_size()),
      decoder_(tokenizer),
      pending_(std::move(prompt)),
      recent_(pending_) {
  if (pending_.empty()) throw InvalidArgument("the prompt has no tokens");
  for (const std::string& text : settings_.stop_strings) {
    if (text.empty()) throw InvalidArgument("an empty stop string would end every answer at once");
  }
  const std::size_t context = engine_.options().context;
  const std::size_t needed = sequence_.length() + pending_.size() + 1;
  if (needed > context) {
    throw ExceededContextWindowSize(
        fmt::format(
            "the prompt and one token of answer need {} tokens; the context window holds {}",
            needed, context),
        needed, context);
  }
}

std::optional<std::string> Generation::next() {
  if (finish_ != FinishReason::none) return std::nullopt;
  if (settings_.maximum_tokens > 0 && tokens_.size() >= settings_.maximum_tokens) {
    return finish(FinishReason::token_limit);
  }
  if (sequence_.length() + pending_.size() > engine_.options().context) {
    return finish(FinishReason::context_limit);
  }
  std::optional<base::TokenId> next = forced();
  if (!next) {
    switch (step()) {
      case StepStatus::done:
        break;
      case StepStatus::cancelled:
        return finish(FinishReason::cancelled);
      case StepStatus::cache_full:
        throw DecodingFailure(
            "the KV cache is full of other conversations: end one, or give the engine more "
            "cache_tokens");
    }
    next = sample();
    pending_.clear();
  }
  const base::TokenId token = *next;
  if (settings_.constraint) settings_.constraint->accept(token);
  if (std::find(settings_.stop_tokens.begin(), settings_.stop_tokens.end(), token) !=
      settings_.stop_tokens.end()) {
    return finish(FinishReason::stop);
  }
  pending_.push_back(token);
  recent_.push_back(token);
  tokens_.push_back(token);
  return release(decoder_.push(token));
}

// The one token that may come, where the constraint allows no other: it joins those of the next
// step.
std::optional<base::TokenId> Generation::forced() {
  if (!settings_.constraint) return std::nullopt;
  if (stop_.stop_requested()) return std::nullopt;  // the step says so
  mask_ = settings_.constraint->mask();
  collect_few(mask_, allowed_);
  return allowed_.size() == 1 ? std::optional(allowed_.front()) : std::nullopt;
}

StepStatus Generation::step() {
  const std::size_t last = pending_.size() - 1;
  return engine_.step({{.sequence = &sequence_,
                        .tokens = pending_,
                        .wanted = {&last, 1},
                        .vocabulary_rows = allowed_}},
                      output_, stop_);
}

// What the last step's logits say. Embeddings may be padded beyond the tokenizer's tokens; those
// rows stand for nothing.
base::TokenId Generation::sample() {
  try {
    const std::span<const float> all = logits();
    return sampler_.sample(all.first(std::min(all.size(), vocabulary_)), recent_);
  } catch (...) {
    // As before the step, so that whoever tries again feeds nothing twice.
    sequence_.truncate(sequence_.length() - pending_.size());
    throw;
  }
}

// Of the last step, -inf where the constraint allows no token.
std::span<const float> Generation::logits() {
  const std::span<const float> computed = output_.logits(0).row(0);
  if (!settings_.constraint) return computed;
  allowed_logits_.assign(engine_.model().config.vocabulary,
                         -std::numeric_limits<float>::infinity());
  if (!allowed_.empty()) {
    for (std::size_t i = 0; i < allowed_.size(); ++i) {
      allowed_logits_[static_cast<std::size_t>(allowed_[i])] = computed[i];
    }
    return allowed_logits_;
  }
  for (std::size_t t = 0; t < std::min(computed.size(), 64 * mask_.size()); ++t) {
    if ((mask_[t / 64] >> (t % 64) & 1U) != 0) allowed_logits_[t] = computed[t];
  }
  return allowed_logits_;
}

// Adds `text` to what is held back and gives out all that cannot be part of a stop string any more.
std::string Generation::release(std::string text) {
  held_ += text;
  std::size_t stop_at = std::string::npos;
  std::size_t keep = 0;
  for (const std::string& stop : settings_.stop_strings) {
    stop_at = std::min(stop_at, held_.find(stop));
    keep = std::max(keep, overlap(held_, stop));
  }
  if (stop_at != std::string::npos) {
    finish_ = FinishReason::stop;
    held_.resize(stop_at);
    return std::exchange(held_, {});
  }
  std::string out = held_.substr(0, held_.size() - keep);
  held_.erase(0, out.size());
  return out;
}

// The answer has ended: what was held back is text after all, unless it completes a stop string.
std::optional<std::string> Generation::finish(FinishReason reason) {
  finish_ = reason;
  std::string rest = release(decoder_.finish());
  rest += std::exchange(held_, {});
  if (rest.empty()) return std::nullopt;
  return rest;
}

}  // namespace espalier::engine
