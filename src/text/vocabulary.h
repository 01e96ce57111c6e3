// A tokenizer as a model file spells it: plain vectors, not yet checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/token.h"

namespace espalier::text {

// GGUF's tokenizer.ggml.token_type.
enum class TokenKind : std::uint8_t {
  normal = 1,
  unknown = 2,       // stands for what cannot be encoded
  control = 3,       // has a meaning and no text: <|im_start|>
  user_defined = 4,  // text that is always one token
  unused = 5,        // fills the vocabulary up
  byte = 6,          // <0x0A>: one byte, by its number
};

// Nothing where `number` is none of the six.
constexpr std::optional<TokenKind> token_kind(std::int64_t number) noexcept {
  if (number < 1 || number > 6) return std::nullopt;
  return static_cast<TokenKind>(number);
}

struct VocabularyData {
  std::string origin;  // the file's name: error messages start with it

  std::vector<std::string> tokens;  // by id; normal ones in GPT-2's byte alphabet (byte_level.h)
  std::vector<TokenKind> kinds;     // as many as tokens, or none: all normal
  std::vector<std::string> merges;  // "left right", the most important first
  std::string pre_tokenizer;        // PreTokenizer::find knows it

  std::optional<base::TokenId> bos;
  std::optional<base::TokenId> eos;
  std::optional<base::TokenId> eot;  // ends a turn, where that is not eos
  std::optional<base::TokenId> unknown;
  std::optional<base::TokenId> padding;

  bool add_bos = false;  // the model was trained with bos in front of every text
  bool add_eos = false;
};

}  // namespace espalier::text
