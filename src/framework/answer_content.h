// What an answer's text comes to: a string, or the content that is JSON under a schema.
#pragma once

#include <string_view>

#include "espalier/generated_content.h"
#include "framework/partial_content.h"
#include "framework/shared_array.h"

namespace espalier::framework {

class AnswerContent {
 public:
  explicit AnswerContent(bool is_json) : is_json_(is_json) {}

  // Whether there is more to show. Throws what PartialContent::feed() does.
  bool feed(std::string_view piece);
  // The text has come to its end, whole or cut. Likewise.
  bool end(bool is_whole);

  // So far.
  GeneratedContent content();
  std::string_view text() const noexcept { return {text_.data(), text_.size()}; }

 private:
  bool is_json_;
  bool has_ended_ = false;
  SharedArray<char> text_;  // where it is no JSON
  PartialContent json_;
};

}  // namespace espalier::framework
