// Text to tokens and back, by byte-pair encoding: of bytes, as in GPT-2, Llama 3 and Qwen, or of
// characters, as in SentencePiece's models (Llama 2, Mistral, Gemma).
//
//   const Tokenizer tokenizer(std::move(vocabulary));
//   const std::vector<TokenId> ids = tokenizer.encode("Hello<|im_end|>");
//   const std::string text = tokenizer.decode(ids, {.include_special = true});
//
// The tokens are those of Hugging Face's tokenizers, for every text and every vocabulary
// (tests/oracles/tokenizer_oracle.py). A Tokenizer is immutable: any number of threads may use it.
//
// Any bytes can be encoded. Bytes that are not UTF-8 keep their tokens and come back from
// decode_bytes() as they were; decode() shows them as U+FFFD. Bytes for which the vocabulary has no
// token (SmolLM2 lacks 21: six control characters, the lead bytes F1 and F2, and 13 that UTF-8
// never uses) are left out, as tokenizers does, unless it has an unknown token for them;
// dropped_bytes() names them.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "text/vocabulary.h"

namespace espalier::text {

using base::TokenId;

struct EncodeOptions {
  // Text that spells a control token becomes that token. Must be false for text that a user or a
  // document supplies. User-defined tokens are text and are recognised either way.
  bool recognise_special = true;
  bool add_bos = false;
  // Some vocabularies put a space in front of a text, or in front of what follows a special token.
  TextPlace place = TextPlace::start;
};

struct DecodeOptions {
  bool include_special = false;  // special tokens as they are spelled, else not at all
};

struct DroppedByte {
  std::size_t offset;
  std::uint8_t value;
  bool operator==(const DroppedByte&) const = default;
};

class Tokenizer {
 public:
  // Trusts nothing in `data`. Throws InvalidFile naming the token, merge or id at fault and what
  // was expected; so it does for a pre-tokeniser that is not known, and lists those that are.
  explicit Tokenizer(const VocabularyData& data);
  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Appends to `out`. Throws InvalidArgument on 2^32 - 1 bytes and more, or where a BOS is asked
  // for and the vocabulary names none.
  void encode(std::string_view text, EncodeOptions options, std::vector<TokenId>& out) const;
  std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const;

  // What encode with these options leaves out of `text`. Costs a pass over it: for warnings.
  std::vector<DroppedByte> dropped_bytes(std::string_view text, EncodeOptions options = {}) const;
  const std::bitset<256>& missing_bytes() const noexcept;

  // Valid UTF-8, whatever the tokens: one U+FFFD for each maximal run that cannot be part of a
  // character, as Rust and Python do it. Where bytes are a fallback, tokenizers' rule holds: a run
  // of byte tokens that is not UTF-8 becomes as many U+FFFD as it has bytes. The space that encode
  // puts in front is taken away. Throws InvalidArgument on an id that is none.
  std::string decode(std::span<const TokenId> ids, DecodeOptions options = {}) const;

  // The same without repairs: what was encoded comes back, byte for byte, where the vocabulary
  // lacks no byte and no text rule changed it.
  std::string decode_bytes(std::span<const TokenId> ids, DecodeOptions options = {}) const;

  // The bytes of a token: parts of characters, maybe; a special token's are its spelling. Lives as
  // long as the tokenizer. Throws InvalidArgument on an id that is none.
  std::string_view token_bytes(TokenId id) const;

  // Whether the token is one byte that stands for itself where characters are tokens. Same
  // exception.
  bool is_fallback_byte(TokenId id) const;

  // Tokens that are not text: control, unknown and unused ones. Same exception.
  bool is_special(TokenId id) const;

  // The special or user-defined token that `text` spells, whole.
  std::optional<TokenId> find_special(std::string_view text) const;

  const DecodeRules& decode_rules() const noexcept;
  std::size_t vocabulary_size() const noexcept;
  std::optional<TokenId> bos() const noexcept;
  std::optional<TokenId> eos() const noexcept;
  std::optional<TokenId> eot() const noexcept;
  std::optional<TokenId> unknown() const noexcept;
  std::optional<TokenId> padding() const noexcept;
  bool wants_bos() const noexcept;  // the model was trained with BOS in front of every text
  bool wants_eos() const noexcept;

 private:
  struct Tables;
  struct Scratch;
  class ScratchPool;

  std::unique_ptr<const Tables> tables_;
  std::unique_ptr<ScratchPool> scratch_;
};

}  // namespace espalier::text
