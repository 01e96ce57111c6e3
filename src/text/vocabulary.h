// A tokenizer as a model file spells it: plain vectors, not yet checked. read_tokenizer_json
// (tokenizer_json.h) makes one of Hugging Face's file, the engine one of GGUF's keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/token.h"
#include "text/text_rules.h"

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

enum class TokenSpelling : std::uint8_t {
  byte_level,  // normal tokens are in GPT-2's byte alphabet (byte_level.h); every byte is a token
  characters,  // tokens are text as it is, in SentencePiece's manner (character_bpe.h)
};

struct MergePair {
  base::TokenId left;
  base::TokenId right;
};

// Text in front of every piece of text that does not start with it.
struct PrefixRule {
  std::string text;
  bool only_at_start = false;  // not behind a special token
  bool operator==(const PrefixRule&) const = default;
};

// What finding a special or user-defined token in a text obeys, where that is not the default.
struct AddedTokenRule {
  base::TokenId token;
  bool normalised = false;  // found in the text that TextRules have gone over, not before
  bool strip_left = false;  // takes white space before it with it
  bool strip_right = false;
};

// How tokens become text again.
struct DecodeRules {
  std::vector<TextRule> replace;          // in each token: replace rules only
  std::size_t strip_spaces = 0;           // at most so many at the very front of the text
  bool first_token_has_no_space = false;  // Metaspace's: all spaces of the first token go
  bool operator==(const DecodeRules&) const = default;
};

struct VocabularyData {
  std::string origin;  // the file's name: error messages start with it

  std::vector<std::string> tokens;  // by id
  std::vector<TokenKind> kinds;     // as many as tokens, or none: all normal
  TokenSpelling spelling = TokenSpelling::byte_level;

  // What is merged, the most important first: "left right", or pairs, or, of characters only, a
  // score for each token. Not two of them.
  std::vector<std::string> merges;
  std::vector<MergePair> merge_pairs;
  std::vector<float> scores;

  std::vector<AddedTokenRule> added;  // of tokens that are not normal
  std::vector<TextRule> text_rules;
  std::optional<PrefixRule> prefix;  // after the text rules
  std::string pre_tokenizer;         // PreTokenizer::find knows it
  bool whole_words = false;          // a word that is a token is that token, whatever merges say
  bool use_unknown =
      false;  // what cannot be encoded becomes the unknown token, and is not left out
  bool fuse_unknown = false;  // a run of it becomes one
  DecodeRules decode;

  std::optional<base::TokenId> bos;
  std::optional<base::TokenId> eos;
  std::optional<base::TokenId> eot;  // ends a turn, where that is not eos
  std::optional<base::TokenId> unknown;
  std::optional<base::TokenId> padding;

  bool add_bos = false;  // the model was trained with bos in front of every text
  bool add_eos = false;
};

}  // namespace espalier::text
