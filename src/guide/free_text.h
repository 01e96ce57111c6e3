// Free text in which marks are seen: triggers, behind each of which something must follow, and
// ends.
//
//   Let me look. <tool_call>{"name":"get_weather"}</tool_call> It is raining.
//                ^ trigger  ^ what must follow                ^ free again
//
// The first mark to be complete decides, wherever it stands and however its bytes are divided into
// tokens, so no text with a trigger in it passes as free. That is also why free text ends by a mark
// or with the answer only: could it end anywhere, a mark could be cut in two by its end.
#pragma once

#include <string>
#include <vector>

#include "guide/term.h"

namespace espalier::guide {

struct WatchedText {
  struct Call {
    std::u32string trigger;
    TermId then = TermPool::epsilon;
  };
  std::vector<Call> calls;
  std::uint32_t least = 0;  // calls; behind the last that may come, triggers are no text either
  std::uint32_t most = unbounded;
  std::vector<std::u32string> ends;  // none: to the end of the answer
};

// Where a mark holds another one, this would be seen first: throws UnsupportedGuide, as it does
// where a mark is empty or there are more than `most_marks`.
TermId free_text_term(TermPool& terms, const WatchedText& text);

inline constexpr std::size_t most_marks = 256;

}  // namespace espalier::guide
