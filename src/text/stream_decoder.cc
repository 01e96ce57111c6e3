#include "text/stream_decoder.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "text/utf8.h"

namespace espalier::text {

void TokenJoiner::push(TokenId id, std::string& bytes) {
  if (!takes(id)) return;
  const std::string_view token = tokenizer_->token_bytes(id);
  const bool first = std::exchange(is_first_, false);
  if (first && tokenizer_->decode_rules().first_token_has_no_space) {
    std::ranges::copy_if(token, std::back_inserter(bytes), [](char c) { return c != ' '; });
  } else {
    bytes += token;
  }
}

void StreamDecoder::push(TokenId id, std::string& text) {
  if (!joiner_.takes(id)) return;
  if (tokenizer_->is_fallback_byte(id)) {
    joiner_.push(id, run_);
    return;
  }
  const std::size_t begin = text.size();
  end_run(text);
  joiner_.push(id, waiting_);
  waiting_.erase(0, append_repaired(waiting_, text));
  stripper_.strip(text, begin);
}

void StreamDecoder::end_run(std::string& text) {
  if (is_valid_utf8(run_)) {
    text += run_;
  } else {
    for (std::size_t i = 0; i < run_.size(); ++i) text += replacement_character;
  }
  run_.clear();
}

std::string StreamDecoder::finish() {
  std::string text;
  end_run(text);
  if (!waiting_.empty()) text += replacement_character;
  stripper_.strip(text, 0);
  waiting_.clear();
  joiner_ = TokenJoiner(*tokenizer_, options_);
  stripper_ = SpaceStripper(tokenizer_->decode_rules().strip_spaces);
  return text;
}

}  // namespace espalier::text
