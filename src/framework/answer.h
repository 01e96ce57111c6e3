// A turn as content that grows: what is behind every stream.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>

#include "espalier/response.h"
#include "framework/partial_content.h"
#include "framework/shared_array.h"
#include "framework/turn.h"

namespace espalier::framework {

class Answer {
 public:
  enum class Kind : std::uint8_t {
    text,
    json,  // content under a schema
  };
  Answer(std::unique_ptr<Turn> turn, Kind kind);

  // As AnswerReader has them.
  bool advance();
  bool at_end() const noexcept { return at_end_; }
  GeneratedContent content();
  void cancel() noexcept;
  Response<GeneratedContent> response();

 private:
  bool generate();
  bool take(std::string_view piece);  // whether there is more to show
  bool finish();                      // likewise

  std::unique_ptr<Turn> turn_;  // null once the answer has ended, one way or another
  Kind kind_;
  bool at_end_ = false;
  SharedArray<char> text_;
  PartialContent json_;
  std::optional<Response<GeneratedContent>> response_;
  std::exception_ptr failure_;
};

}  // namespace espalier::framework
