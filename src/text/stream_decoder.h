// Decodes tokens one by one, as a model makes them.
//
//   StreamDecoder decoder(tokenizer);
//   while (…) std::cout << decoder.push(next_token());
//   std::cout << decoder.finish();
//
// A token may end inside a character: its bytes wait for the rest. Where bytes are a fallback, they
// wait for the end of their run, for until then nobody knows whether it is text. What push and
// finish return, joined, is Tokenizer::decode of all the tokens, and every piece is valid UTF-8 by
// itself.
#pragma once

#include <cstddef>
#include <string>

#include "text/tokenizer.h"

namespace espalier::text {

// Takes spaces off the front of a text that comes in pieces.
class SpaceStripper {
 public:
  explicit SpaceStripper(std::size_t most = 0) : most_(most) {}

  // `text` from `begin` on is the next piece.
  void strip(std::string& text, std::size_t begin) {
    if (most_ == 0 || begin == text.size()) return;
    std::size_t end = begin;
    for (; most_ > 0 && end < text.size() && text[end] == ' '; ++end) --most_;
    text.erase(begin, end - begin);
    if (begin < text.size()) most_ = 0;
  }

 private:
  std::size_t most_;
};

// Tokens to bytes.
class TokenJoiner {
 public:
  // The tokenizer must outlive this.
  explicit TokenJoiner(const Tokenizer& tokenizer, DecodeOptions options = {})
      : tokenizer_(&tokenizer), options_(options) {}

  // Whether `id` is part of what is decoded. Throws InvalidArgument on an id that is none.
  bool takes(TokenId id) const { return options_.include_special || !tokenizer_->is_special(id); }

  // Appends the bytes of `id`, if it takes part. Same exception.
  void push(TokenId id, std::string& bytes);

 private:
  const Tokenizer* tokenizer_;
  DecodeOptions options_;
  bool is_first_ = true;
};

class StreamDecoder {
 public:
  // The tokenizer must outlive this.
  explicit StreamDecoder(const Tokenizer& tokenizer, DecodeOptions options = {})
      : tokenizer_(&tokenizer),
        options_(options),
        joiner_(tokenizer, options),
        stripper_(tokenizer.decode_rules().strip_spaces) {}

  // The text that `id` completed; may be empty. Bytes that can no longer become a character come as
  // U+FFFD. Throws InvalidArgument on an id that is none.
  std::string push(TokenId id) {
    std::string text;
    push(id, text);
    return text;
  }
  // The same, behind what `text` holds.
  void push(TokenId id, std::string& text);

  // What still waits: U+FFFD for a character that was never finished, a run of fallback bytes, or
  // nothing. The decoder is then as new.
  std::string finish();

 private:
  void end_run(std::string& text);

  const Tokenizer* tokenizer_;
  DecodeOptions options_;
  TokenJoiner joiner_;
  SpaceStripper stripper_;
  std::string waiting_;  // the first bytes of a character, at most three
  std::string run_;      // fallback bytes whose run may go on
};

}  // namespace espalier::text
