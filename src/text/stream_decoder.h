// Decodes tokens one by one, as a model makes them.
//
//   StreamDecoder decoder(tokenizer);
//   while (…) std::cout << decoder.push(next_token());
//   std::cout << decoder.finish();
//
// A token may end inside a character: its bytes wait for the rest. What push and finish return,
// joined, is Tokenizer::decode of all the tokens, and every piece is valid UTF-8 by itself.
#pragma once

#include <string>

#include "text/tokenizer.h"

namespace espalier::text {

class StreamDecoder {
 public:
  // The tokenizer must outlive this.
  explicit StreamDecoder(const Tokenizer& tokenizer, DecodeOptions options = {})
      : tokenizer_(&tokenizer), options_(options) {}

  // The text that `id` completed; may be empty. Bytes that can no longer become a character come as
  // U+FFFD. Throws InvalidArgument on an id that is none.
  std::string push(TokenId id);

  // What still waits: U+FFFD for a character that was never finished, else nothing. The decoder is
  // then as new.
  std::string finish();

 private:
  const Tokenizer* tokenizer_;
  DecodeOptions options_;
  std::string waiting_;  // the first bytes of a character, at most three
};

}  // namespace espalier::text
