// Tells text from calls of tools in an answer that a tool grammar (tool_grammar.h) held.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "espalier/transcript.h"
#include "text/tool_style.h"

namespace espalier::framework {

class CallReader {
 public:
  // `at_begin_only`: calls have no text in front of them, and text may have a trigger in it.
  CallReader(const text::ToolStyle& style, bool at_begin_only)
      : style_(style), at_begin_only_(at_begin_only) {}

  // Takes what the answer goes on with; gives the text that it adds. What might become a trigger
  // waits.
  std::string push(std::string_view piece);
  // What still waits, once the answer has ended.
  std::string finish();

  // A trigger was seen.
  bool in_calls() const noexcept { return in_calls_; }
  // The calls, once they have come whole. Throws DecodingFailure where arguments are deeper than
  // content can be.
  std::vector<Transcript::ToolCall> calls() const;

 private:
  const text::ToolStyle& style_;
  bool at_begin_only_;
  bool at_begin_ = true;
  bool in_calls_ = false;
  std::string waiting_;  // then the calls
};

// Whether the text is `front` and behind it these calls, be their arguments spelled as they may.
// Of any text.
bool spells_calls(const text::ToolStyle& style, std::string_view text, std::string_view front,
                  const std::vector<Transcript::ToolCall>& calls);

}  // namespace espalier::framework
