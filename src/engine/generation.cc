#include "engine/generation.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
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
      tokenizer_(tokenizer),
      sequence_(sequence),
      settings_(std::move(settings)),
      stop_(std::move(stop)),
      sampler_(settings_.sampling, kernels::ops_for(engine.options().isa)),
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
  try {
    return advance();
  } catch (const ConstraintExhausted&) {
    return finish(FinishReason::constraint_limit);
  }
}

std::optional<std::string> Generation::advance() {
  std::optional<base::TokenId> next;
  if (settings_.constraint && !stop_.stop_requested()) {  // else the step says so
    if (std::optional<std::string> text = take_continuation()) return release(std::move(*text));
    next = only_choice();
    if (next && is_stop(*next)) {
      settings_.constraint->accept(*next);
      return finish(FinishReason::stop);
    }
  }
  if (settings_.maximum_tokens > 0 && tokens_.size() >= settings_.maximum_tokens) {
    return finish(FinishReason::token_limit);
  }
  if (sequence_.length() + pending_.size() > engine_.options().context) {
    return finish(FinishReason::context_limit);
  }
  if (!next) {
    const std::size_t behind = remaining() - 1;
    switch (step()) {
      case StepStatus::done:
        break;
      case StepStatus::cancelled:
        return finish(FinishReason::cancelled);
      case StepStatus::cache_full:
        throw CacheFull();
    }
    next = sample(behind);
    pending_.clear();
  }
  if (settings_.constraint) settings_.constraint->accept(*next);
  if (is_stop(*next)) return finish(FinishReason::stop);
  return release(append(*next));
}

// How many tokens may come yet, stop tokens too.
std::size_t Generation::remaining() const {
  const std::size_t room = engine_.options().context + 1 - sequence_.length() - pending_.size();
  if (settings_.maximum_tokens == 0) return room;
  return std::min(room, settings_.maximum_tokens - tokens_.size());
}

// The text of what must come, which joins the next step; nothing where that is no more text.
std::optional<std::string> Generation::take_continuation() {
  const auto [replaced, tokens] = settings_.constraint->continuation(remaining());
  if (tokens.empty()) return std::nullopt;
  const std::size_t given = decoded_;
  give_up(replaced);
  std::string text;
  for (const base::TokenId token : tokens) text += append(token);
  if (replaced == 0) return text;
  // The same text as before in other tokens, and maybe more: what was given out is not given again.
  decoder_ = text::StreamDecoder(tokenizer_);
  text.clear();
  for (const base::TokenId token : tokens_) text += decoder_.push(token);
  decoded_ = std::max(given, text.size());
  if (text.size() <= given) return std::nullopt;
  return text.substr(given);
}

// Takes back the last tokens of the answer, computed or not.
void Generation::give_up(std::size_t count) {
  tokens_.resize(tokens_.size() - count);
  recent_.resize(recent_.size() - count);
  const std::size_t waiting = std::min(count, pending_.size());
  pending_.resize(pending_.size() - waiting);
  sequence_.truncate(sequence_.length() - (count - waiting));
}

// Takes a token into the answer and returns the text that it completes.
std::string Generation::append(base::TokenId token) {
  pending_.push_back(token);
  recent_.push_back(token);
  tokens_.push_back(token);
  std::string text = decoder_.push(token);
  decoded_ += text.size();
  return text;
}

bool Generation::is_stop(base::TokenId token) const {
  return std::ranges::find(settings_.stop_tokens, token) != settings_.stop_tokens.end();
}

// The one token that may come, where the constraint allows no other: it joins those of the next
// step. Or a stop token, where it allows nothing but these: which one makes no difference.
std::optional<base::TokenId> Generation::only_choice() {
  mask_ = settings_.constraint->mask();
  collect_few(mask_, allowed_);
  if (allowed_.empty()) return std::nullopt;
  const bool only = allowed_.size() == 1 ||
                    std::ranges::all_of(allowed_, [&](base::TokenId t) { return is_stop(t); });
  return only ? std::optional(allowed_.front()) : std::nullopt;
}

StepStatus Generation::step() {
  const std::size_t last = pending_.size() - 1;
  return engine_.step({{.sequence = &sequence_,
                        .tokens = pending_,
                        .wanted = {&last, 1},
                        .vocabulary_rows = allowed_}},
                      output_, stop_);
}

// What the last step's logits say, where `behind` tokens may follow.
base::TokenId Generation::sample(std::size_t behind) {
  try {
    const base::TokenId token = choose();
    if (!settings_.constraint || is_stop(token)) return token;
    if (settings_.constraint->fits(token, behind)) return token;
    // Chosen again among those that fit, it is one of these as if the mask had had no others.
    mask_ = settings_.constraint->mask_that_fits(behind);
    return choose();
  } catch (...) {
    // As before the step, so that whoever tries again feeds nothing twice.
    sequence_.truncate(sequence_.length() - pending_.size());
    throw;
  }
}

// Of the last step's logits. Embeddings may be padded beyond the tokenizer's tokens; those rows
// stand for nothing.
base::TokenId Generation::choose() {
  const std::span<const float> logits = output_.logits(0).row(0);
  const std::size_t tokens = std::min(logits.size(), tokenizer_.vocabulary_size());
  return sampler_.sample(logits.first(tokens), recent_, {.tokens = allowed_, .mask = mask_});
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
