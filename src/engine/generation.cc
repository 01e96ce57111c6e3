#include "engine/generation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "espalier/error.h"

namespace espalier::engine {
namespace {

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
  const std::size_t last = pending_.size() - 1;
  switch (engine_.step({{.sequence = &sequence_, .tokens = pending_, .wanted = {&last, 1}}},
                       output_, stop_)) {
    case StepStatus::done:
      break;
    case StepStatus::cancelled:
      return finish(FinishReason::cancelled);
    case StepStatus::cache_full:
      throw DecodingFailure(
          "the KV cache is full of other conversations: end one, or give the engine more "
          "cache_tokens");
  }
  const base::TokenId token = sample();
  if (std::find(settings_.stop_tokens.begin(), settings_.stop_tokens.end(), token) !=
      settings_.stop_tokens.end()) {
    return finish(FinishReason::stop);
  }
  pending_.assign(1, token);
  recent_.push_back(token);
  tokens_.push_back(token);
  return release(decoder_.push(token));
}

// What the last step's logits say. Embeddings may be padded beyond the tokenizer's tokens; those
// rows stand for nothing.
base::TokenId Generation::sample() {
  const std::span<const float> logits = output_.logits(0).row(0);
  try {
    return sampler_.sample(logits.first(std::min(logits.size(), vocabulary_)), recent_);
  } catch (...) {
    // As before the step, so that whoever tries again feeds nothing twice.
    sequence_.truncate(sequence_.length() - pending_.size());
    throw;
  }
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
