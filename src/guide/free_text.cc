#include "guide/free_text.h"

#include <fmt/format.h>

#include "base/message_format.h"
#include "espalier/error.h"
#include "guide/utf32.h"

namespace espalier::guide {
namespace {

std::vector<std::u32string> marks_of(const WatchedText& text) {
  std::vector<std::u32string> marks = text.ends;
  for (const WatchedText::Call& call : text.calls) marks.push_back(call.trigger);
  return marks;
}

void check(const std::vector<std::u32string>& marks) {
  if (marks.size() > most_marks) {
    throw UnsupportedGuide(
        fmt::format("free text has {} triggers and ends; at most {} are looked for: give those "
                    "that begin alike one trigger, and put what differs behind it",
                    marks.size(), most_marks));
  }
  for (const std::u32string& mark : marks) {
    if (mark.empty()) throw UnsupportedGuide("a trigger or end of free text is empty");
    for (const std::u32string& other : marks) {
      if (&mark == &other || mark.find(other) == std::u32string::npos) continue;
      throw UnsupportedGuide(
          fmt::format("in free text {} is never seen, because {} is in it and is seen first: make "
                      "the shorter one the trigger, and put what differs behind it",
                      base::quoted(to_utf8(mark)), base::quoted(to_utf8(other))));
    }
  }
}

}  // namespace

TermId free_text_term(TermPool& terms, const WatchedText& text) {
  const std::vector<std::u32string> marks = marks_of(text);
  check(marks);
  constexpr TermId any_text = TermPool::everything;
  const TermId any_mark = terms.any_of(marks);
  const TermId more = terms.sequence(terms.set(CodePoints::all()), any_text);
  const TermId none_before = terms.negation(terms.sequence({any_text, any_mark, more}));
  const auto up_to = [&](const std::u32string& mark) {
    return terms.both(terms.sequence(any_text, terms.text(mark)), none_before);
  };
  std::vector<TermId> calls;
  for (const WatchedText::Call& call : text.calls) {
    calls.push_back(terms.sequence(up_to(call.trigger), call.then));
  }
  std::vector<TermId> ends;
  for (const std::u32string& end : text.ends) ends.push_back(up_to(end));
  if (ends.empty()) ends.push_back(terms.negation(terms.sequence({any_text, any_mark, any_text})));
  return terms.sequence(terms.repeat(terms.either(std::move(calls)), text.least, text.most),
                        terms.either(std::move(ends)));
}

}  // namespace espalier::guide
