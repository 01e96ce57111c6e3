// Times an engine: the measurements behind `espalier bench`. All times are wall-clock seconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/token.h"
#include "engine/engine.h"

namespace espalier::engine {

// `count` ids of a vocabulary, the same ones for the same seed on every machine.
std::vector<base::TokenId> random_tokens(std::size_t count, std::size_t vocabulary,
                                         std::uint64_t seed);

struct PromptTimes {
  double prefill = 0;          // until the logits of the prompt's last position exist
  double first_token = 0;      // and the likeliest token is known
  std::vector<double> decode;  // of each token after that
};

// Runs a prompt in a new sequence and decodes `decode_tokens` behind it, the likeliest each time.
// The engine must hold both and should not reuse prefixes. Throws DecodingFailure where its cache
// is full, and what Engine::step throws.
PromptTimes time_prompt(Engine& engine, std::span<const base::TokenId> prompt,
                        std::size_t decode_tokens);

// Of each of `steps` steps that advance `sequences` sequences by one token each. Every one begins
// with random tokens of its own, `context` of them, whose prefill is not counted. Throws likewise.
std::vector<double> time_decode(Engine& engine, std::size_t sequences, std::size_t context,
                                std::size_t steps);

}  // namespace espalier::engine
