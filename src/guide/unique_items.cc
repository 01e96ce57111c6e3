// Arrays in which no two items are equal: scalars, each compared by its one text.
#include "guide/json_machine.h"

namespace espalier::guide {
namespace {

// Of an item's text: what type it is, so that 1 and "1" differ.
constexpr char32_t string_mark = U's';
constexpr char32_t number_mark = U'n';
constexpr char32_t literal_mark = U'l';

}  // namespace

bool JsonMachine::is_unique(const Configuration& at) const {
  return at.frame && !at.frame->is_object && plan_.arrays[at.frame->plan].unique;
}

void JsonMachine::begin_unique(Configuration at, std::uint8_t byte, Configurations& next) {
  const NodePlan& node = plan_.nodes[at.node];
  at.blanks = 0;
  at.few = plan_.arrays[at.frame->plan].few;
  const auto begin = [&](Place place, char32_t mark) {
    at.place = place;
    at.text.add(mark);
  };
  if (byte == '"') {
    begin(Place::string, string_mark);
    at.state = node.strings;
    if (text_alive(at)) next.push_back(std::move(at));
    return;
  }
  for (std::uint32_t word = 0; word < json_words.size(); ++word) {
    if (byte != static_cast<std::uint8_t>(json_words[word][0])) continue;
    if ((node.literals >> word & 1U) == 0) return;
    begin(Place::literal, literal_mark);
    at.text.add(byte);
    if (!is_new(at)) return;
    at.first = word;
    at.depth = 1;
    next.push_back(std::move(at));
    return;
  }
  begin(Place::number, number_mark);
  at.state = plan_.arrays[at.frame->plan].unique_numbers;
  grow(at, byte);
  if (text_alive(at)) next.push_back(std::move(at));
}

// Reads a character of a string or number.
void JsonMachine::grow(Configuration& at, char32_t character) {
  at.state = automaton_.next(at.state, character);
  if (at.text) at.text.add(character);
}

// Whether what was read is the beginning of a text that may stand here.
bool JsonMachine::text_alive(const Configuration& at) {
  if (!automaton_.alive(at.state)) return false;
  if (!at.few || !automaton_.few(at.state, few_texts)) return true;
  std::uint64_t taken = 0;
  const std::u32string text = at.text.text();
  for (const SeenKey* seen = at.frame->others.get(); seen; seen = seen->before.get()) {
    if (seen->text.starts_with(text)) ++taken;
  }
  return taken < automaton_.known_count(at.state, few_texts);
}

bool JsonMachine::text_alive_through(const Configuration& at, char32_t first, char32_t last) {
  if (!automaton_.alive_through(at.state, first, last)) return false;
  if (!at.few || !automaton_.few(at.state, few_texts)) return true;
  for (const Automaton::Step& step : automaton_.steps(at.state, first, last)) {
    if (!automaton_.alive(step.next)) continue;
    for (char32_t c = step.first; c <= step.last; ++c) {  // few, as the state's texts are
      Configuration next = at;
      grow(next, c);
      if (text_alive(next)) return true;
    }
  }
  return false;
}

bool JsonMachine::is_new(const Configuration& at) const {
  const std::u32string text = at.text.text();
  for (const SeenKey* seen = at.frame->others.get(); seen; seen = seen->before.get()) {
    if (seen->text == text) return false;
  }
  return true;
}

void JsonMachine::end_unique(const Configuration& at, Configurations& next) const {
  if (is_new(at)) add_unique(at, at.text.text(), next);
}

void JsonMachine::add_unique(const Configuration& at, std::u32string text,
                             Configurations& next) const {
  auto frame = std::make_shared<Frame>(*at.frame);
  frame->others = std::make_shared<SeenKey>(std::move(text), std::move(frame->others));
  Configuration behind;
  behind.frame = std::move(frame);
  end_value(std::move(behind), next);
}

}  // namespace espalier::guide
