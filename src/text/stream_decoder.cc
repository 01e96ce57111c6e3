#include "text/stream_decoder.h"

#include "text/utf8.h"

namespace espalier::text {

std::string StreamDecoder::push(TokenId id) {
  std::string text;
  if (tokenizer_->is_special(id) && !options_.include_special) return text;
  waiting_ += tokenizer_->token_bytes(id);
  waiting_.erase(0, append_repaired(waiting_, text));
  return text;
}

std::string StreamDecoder::finish() {
  if (waiting_.empty()) return {};
  waiting_.clear();
  return std::string(replacement_character);
}

}  // namespace espalier::text
