// One answer: feeds a prompt, then samples token by token until something ends it.
//
//   Generation generation(engine, tokenizer, sequence, prompt, options);
//   while (std::optional<std::string> text = generation.next()) std::cout << *text;
//   generation.finish_reason()
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/sampling.h"
#include "engine/token_constraint.h"
#include "espalier/error.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"

namespace espalier::engine {

enum class FinishReason {
  none,              // still going
  stop,              // a stop token or a stop string
  token_limit,       // maximum_tokens
  context_limit,     // the context is full
  constraint_limit,  // ConstraintExhausted
  cancelled,         // the stop token of the caller
};

// Every page of the KV cache is held by a live sequence.
class CacheFull : public DecodingFailure {
 public:
  CacheFull()
      : DecodingFailure(
            "the KV cache is full of other conversations that are being answered: end one") {}
};

struct GenerationSettings {
  SamplingOptions sampling = {};
  std::size_t maximum_tokens = 0;               // 0: until the context is full
  std::vector<base::TokenId> stop_tokens = {};  // not part of the text
  std::vector<std::string> stop_strings = {};   // not part of the text; must not be empty strings
  // Null: any token. Else probabilities are those of the allowed tokens among themselves; tokens
  // that must come join the next step without being sampled; where nothing but stop tokens may
  // come, the answer ends without one; and near maximum_tokens or the context's end only tokens are
  // taken behind which the answer can still be ended. Used by one answer only.
  std::shared_ptr<TokenConstraint> constraint = nullptr;
};

class Generation {
 public:
  // `prompt` (at least one token) is appended to the sequence, whose earlier positions stay. The
  // engine, tokenizer and sequence must outlive this. Throws ExceededContextWindowSize before any
  // work where the prompt leaves no room for a single token, InvalidArgument on bad settings.
  Generation(Engine& engine, const text::Tokenizer& tokenizer, Sequence& sequence,
             std::vector<base::TokenId> prompt, GenerationSettings settings,
             std::stop_token stop = {});

  // Computes one token, or takes those that must come, and returns the text that they completed
  // (may be empty: half a character, or what might become a stop string), or nothing once the
  // answer has ended. Throws CacheFull where other sequences hold the engine's whole cache, and
  // DecodingFailure where the logits are no numbers. The sequence is then as before the call, which
  // may be made again.
  std::optional<std::string> next();

  FinishReason finish_reason() const noexcept { return finish_; }
  // The tokens of the answer so far; stop tokens left out.
  const std::vector<base::TokenId>& tokens() const noexcept { return tokens_; }

 private:
  Engine& engine_;
  const text::Tokenizer& tokenizer_;
  Sequence& sequence_;
  GenerationSettings settings_;
  std::stop_token stop_;
  Sampler sampler_;
  text::StreamDecoder decoder_;
  std::size_t decoded_ = 0;  // bytes that it has given
  StepOutput output_;
  // Fed by the next step: the prompt, then the last token and those that had to come before it.
  std::vector<base::TokenId> pending_;
  std::vector<base::TokenId> recent_;
  std::vector<base::TokenId> tokens_;
  std::string held_;                     // decoded text that may be the beginning of a stop string
  std::span<const std::uint64_t> mask_;  // the constraint's, of the token under way
  std::vector<base::TokenId> allowed_;   // by the constraint, where they are few
  FinishReason finish_ = FinishReason::none;

  std::size_t remaining() const;
  std::optional<std::string> advance();
  std::optional<std::string> take_continuation();
  void give_up(std::size_t count);
  std::string append(base::TokenId token);
  bool is_stop(base::TokenId token) const;
  std::optional<base::TokenId> only_choice();
  StepStatus step();
  base::TokenId sample(std::size_t behind);
  base::TokenId choose();
  std::optional<std::string> finish(FinishReason reason);
  std::string release(std::string text);
};

}  // namespace espalier::engine
