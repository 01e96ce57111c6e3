#include "guide/answer_machine.h"

#include <utility>

namespace espalier::guide {

AnswerMachine::AnswerMachine(Automaton& texts, StateId start, Automaton& values,
                             const std::vector<Plan>& documents, const SchemaOptions& options)
    : texts_(texts), start_(start) {
  for (const Plan& plan : documents) documents_.emplace_back(plan, values, options);
}

Configuration AnswerMachine::text_at(StateId state) {
  Configuration at;
  at.place = Place::text;
  at.state = state;
  return at;
}

void AnswerMachine::step(const Configuration& at, std::uint8_t byte, Configurations& next) {
  if (at.place == Place::text) {
    step_text(at, byte, next);
  } else {
    step_document(at, byte, next);
  }
}

void AnswerMachine::step_text(const Configuration& at, std::uint8_t byte, Configurations& next) {
  if (at.in_raw_text()) {
    for (const Configuration& document : documents_at(at.state))
      step_document(document, byte, next);
  }
  Configuration text = at;
  const StringByte read = text.bytes.read_raw(byte, [&](char32_t first, char32_t last) {
    return texts_.alive_through(at.state, first, last);
  });
  if (read == StringByte::refused) return;
  if (read == StringByte::character) {
    text.state = texts_.next(at.state, text.bytes.character());
    if (!texts_.alive(text.state)) return;
    text.bytes = {};
  }
  next.push_back(std::move(text));
}

Configurations AnswerMachine::documents_at(StateId state) const {
  Configurations found;
  for (const Automaton::DocumentStep& step : texts_.documents(state)) {
    Configuration& document = found.emplace_back(documents_[step.document].start());
    document.document = step.document;
    document.behind = step.next;
  }
  return found;
}

void AnswerMachine::step_document(const Configuration& at, std::uint8_t byte,
                                  Configurations& next) {
  const std::size_t first = next.size();
  documents_[at.document].step(at, byte, next);
  settle(at, first, next);
}

Configurations AnswerMachine::behind_text(const Configuration& at) const {
  Configurations behind = documents_[at.document].behind_text(at);
  settle(at, 0, behind);
  return behind;
}

Configurations AnswerMachine::behind_number(const Configuration& at) const {
  if (!at.frame) return {};
  Configurations behind = documents_[at.document].behind_number(at);
  settle(at, 0, behind);
  return behind;
}

ByteSet AnswerMachine::following(const Configuration& at) const {
  if (at.place != Place::text) return documents_[at.document].following(at);
  return at.in_raw_text() ? ByteSet::range(0x00, 0xFF) : ByteSet::range(0x80, 0xBF);
}

// The configurations from `first` on have come of `at`: they are in the same document, and where it
// can end, the text behind it is a way on.
void AnswerMachine::settle(const Configuration& at, std::size_t first, Configurations& next) const {
  const std::size_t end = next.size();
  for (std::size_t i = first; i < end; ++i) {
    next[i].document = at.document;
    next[i].behind = at.behind;
    if (!documents_[at.document].complete(next[i])) continue;
    if (next[i].place == Place::finished) {
      next[i] = text_at(at.behind);
    } else {
      next.push_back(text_at(at.behind));
    }
  }
}

}  // namespace espalier::guide
