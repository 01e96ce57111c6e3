#include "framework/answer_content.h"

#include "framework/content_nodes.h"

namespace espalier::framework {

bool AnswerContent::feed(std::string_view piece) {
  if (!is_json_) {
    for (const char c : piece) text_.push_back(c);
    return !piece.empty();
  }
  const std::size_t before = json_.changes();
  json_.feed(piece);
  return json_.changes() > before;
}

// The end is what ends a number that is all of an answer.
bool AnswerContent::end(bool is_whole) {
  has_ended_ = true;
  const std::size_t before = json_.changes();
  if (is_json_ && is_whole) json_.end();
  return json_.changes() > before;
}

GeneratedContent AnswerContent::content() {
  if (is_json_) return json_.content();
  return ContentAccess::make({.kind = GeneratedContent::Kind::string,
                              .complete = has_ended_,
                              .id = 1,
                              .text = text_.all()});
}

}  // namespace espalier::framework
