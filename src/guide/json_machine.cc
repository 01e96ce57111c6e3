#include "guide/json_machine.h"

#include <string_view>

namespace espalier::guide {
namespace {

bool is_blank(std::uint8_t byte) {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

bool allows_blanks(Place place) {
  switch (place) {
    case Place::value:
    case Place::object_begin:
    case Place::key_begin:
    case Place::colon:
    case Place::member_end:
    case Place::array_begin:
    case Place::item_end:
      return true;
    default:
      return false;
  }
}

// The same with `place`, as behind a token.
Configuration at_place(const Configuration& at, Place place, FramePtr frame) {
  Configuration next;
  next.frame = std::move(frame);
  next.place = place;
  next.node = at.node;
  return next;
}

}  // namespace

Configuration JsonMachine::start() const {
  Configuration at;
  at.node = plan_.root;
  return at;
}

void JsonMachine::step(const Configuration& at, std::uint8_t byte, Configurations& next) {
  if (is_blank(byte) && allows_blanks(at.place)) {
    if (at.blanks >= blanks_) return;
    next.push_back(at);
    ++next.back().blanks;
    return;
  }
  switch (at.place) {
    case Place::value:
      begin_value(at, byte, next);
      break;
    case Place::literal:
      step_literal(at, byte, next);
      break;
    case Place::number:
      step_number(at, byte, next);
      break;
    case Place::string:
      step_string(at, byte, next);
      break;
    case Place::object_begin:
      if (byte == '}' && can_close_object(*at.frame)) close(at, next);
      if (byte == '"') begin_key(at, next);
      break;
    case Place::key_begin:
      if (byte == '"') begin_key(at, next);
      break;
    case Place::key:
      step_key(at, byte, next);
      break;
    case Place::colon:
      if (byte == ':') next.push_back(at_place(at, Place::value, at.frame));
      break;
    case Place::array_begin:
      if (byte == ']') {
        if (can_close_array(*at.frame)) close(at, next);
      } else {
        for (Configuration& item : items(at)) begin_value(std::move(item), byte, next);
      }
      break;
    case Place::member_end:
    case Place::item_end:
      step_behind_value(at, byte, next);
      break;
    case Place::finished:
    case Place::text:
      break;
  }
}

ByteSet JsonMachine::following(const Configuration& at) const {
  constexpr ByteSet blanks(" \n\t\r");
  constexpr ByteSet values("\"-0123456789[fnt{");
  constexpr ByteSet behind_number(" \n\t\r,]}");
  constexpr ByteSet in_text = ByteSet::range(0x20, 0xFF);
  const auto structure = [&](const ByteSet& bytes) {
    return at.blanks < blanks_ ? bytes | blanks : bytes;
  };
  switch (at.place) {
    case Place::value:
      return structure(values);
    case Place::array_begin:
      return structure(values | ByteSet("]"));
    case Place::literal:
      return ByteSet(json_words[at.first].substr(at.depth, 1));
    case Place::number:
      return in_number | behind_number;
    case Place::object_begin:
      return structure(ByteSet("\"}"));
    case Place::key_begin:
      return structure(ByteSet("\""));
    case Place::colon:
      return structure(ByteSet(":"));
    case Place::member_end:
      return structure(ByteSet(",}"));
    case Place::item_end:
      return structure(ByteSet(",]"));
    case Place::key:
      return following_key(at);
    case Place::string:
      return in_text;
    case Place::finished:
    case Place::text:
      return {};
  }
  return in_text;
}

bool JsonMachine::takes_blanks(const Configuration& at, std::uint32_t count) const {
  return allows_blanks(at.place) && at.blanks + count <= blanks_;
}

bool JsonMachine::complete(const Configuration& at) const {
  if (at.frame) return false;
  return at.place == Place::finished || (at.place == Place::number && automaton_.accepts(at.state));
}

void JsonMachine::begin_value(Configuration at, std::uint8_t byte, Configurations& next) {
  if (is_unique(at)) {
    begin_unique(std::move(at), byte, next);
    return;
  }
  const NodePlan& node = plan_.nodes[at.node];
  const auto begin = [&](Place place, StateId state) {
    at.place = place;
    at.state = state;
    at.blanks = 0;
    next.push_back(at);
  };
  switch (byte) {
    case '"':
      if (node.strings != Automaton::dead) begin(Place::string, node.strings);
      return;
    case '{':
      open_objects(at, node, next);
      return;
    case '[':
      open_arrays(at, node, next);
      return;
    default:
      break;
  }
  for (std::uint32_t word = 0; word < json_words.size(); ++word) {
    if (byte != static_cast<std::uint8_t>(json_words[word][0])) continue;
    if ((node.literals >> word & 1U) == 0) return;
    at.first = word;
    at.depth = 1;
    begin(Place::literal, 0);
    return;
  }
  if (node.numbers == Automaton::dead) return;
  const StateId state = automaton_.next(node.numbers, byte);
  if (automaton_.alive(state)) begin(Place::number, state);
}

void JsonMachine::open_objects(const Configuration& at, const NodePlan& node,
                               Configurations& next) {
  for (const std::uint32_t plan : node.objects) {
    next.push_back(at_place(at, Place::object_begin, new_object(plan, at.frame)));
  }
}

void JsonMachine::open_arrays(const Configuration& at, const NodePlan& node, Configurations& next) {
  for (const std::uint32_t plan : node.arrays) {
    auto frame = std::make_shared<Frame>();
    frame->outer = at.frame;
    frame->plan = plan;
    next.push_back(at_place(at, Place::array_begin, std::move(frame)));
  }
}

// The places at the array's next item: one, or several where items count for rules.
Configurations JsonMachine::items(const Configuration& at) const {
  const ArrayPlan& plan = plan_.arrays[at.frame->plan];
  const std::uint64_t count = at.frame->count;
  Configurations items;
  const auto add = [&](NodeId node, std::uint64_t next) {
    Configuration item = at_place(at, Place::value, at.frame);
    item.node = node;
    if (next != count) {
      auto frame = std::make_shared<Frame>(*at.frame);
      frame->count = next;
      item.frame = std::move(frame);
    }
    items.push_back(std::move(item));
  };
  if (plan.counting) {
    const auto state = static_cast<ItemCounting::StateNumber>(count);
    for (const ItemCounting::Choice& choice : plan.counting->choices(state)) {
      const auto next = plan.counting->next(state, choice.counted);
      if (next && plan.counting->alive(*next)) add(choice.value, *next);
    }
  } else if (count < plan.most) {
    // Beyond what bounds and prefix tell apart, all counts are one.
    const bool alike = plan.most == no_limit && count >= plan.prefix.size() && count >= plan.least;
    add(plan.item(count), alike ? count : count + 1);
  }
  return items;
}

bool JsonMachine::can_close_array(const Frame& frame) const {
  const ArrayPlan& plan = plan_.arrays[frame.plan];
  if (plan.counting) {
    return plan.counting->accepts(static_cast<ItemCounting::StateNumber>(frame.count));
  }
  return frame.count >= plan.least;
}

void JsonMachine::end_value(Configuration at, Configurations& next) const {
  Place place = Place::finished;
  if (at.frame) place = at.frame->is_object ? Place::member_end : Place::item_end;
  at.node = any_value;
  FramePtr frame = std::move(at.frame);
  next.push_back(at_place(at, place, std::move(frame)));
}

void JsonMachine::close(const Configuration& at, Configurations& next) const {
  Configuration outer;
  outer.frame = at.frame->outer;
  end_value(std::move(outer), next);
}

void JsonMachine::step_literal(const Configuration& at, std::uint8_t byte, Configurations& next) {
  const std::string_view word = json_words[at.first];
  if (byte != static_cast<std::uint8_t>(word[at.depth])) return;
  if (at.depth + 1 == word.size()) {
    end_scalar(at, next);
    return;
  }
  next.push_back(at);
  ++next.back().depth;
}

void JsonMachine::end_scalar(const Configuration& at, Configurations& next) const {
  if (at.text) {
    end_unique(at, next);
  } else {
    end_value(at, next);
  }
}

Configurations JsonMachine::behind_text(const Configuration& at) const {
  Configurations behind;
  if (at.place == Place::key) {
    end_other_key(at, at.frame->others, behind);
  } else if (at.text) {
    add_unique(at, {}, behind);
  } else {
    end_value(at, behind);
  }
  return behind;
}

Configurations JsonMachine::behind_number(const Configuration& at) const {
  Configurations behind;
  if (automaton_.accepts(at.state)) end_scalar(at, behind);
  return behind;
}

void JsonMachine::step_number(const Configuration& at, std::uint8_t byte, Configurations& next) {
  Configuration longer = at;
  grow(longer, byte);
  if (text_alive(longer)) {
    next.push_back(std::move(longer));
    return;
  }
  for (const Configuration& each : behind_number(at)) step(each, byte, next);
}

void JsonMachine::step_string(Configuration at, std::uint8_t byte, Configurations& next) {
  const StringByte read = at.bytes.read(byte, writing_, [&](char32_t first, char32_t last) {
    return text_alive_through(at, first, last);
  });
  if (read == StringByte::refused) return;
  if (read == StringByte::quote) {
    if (automaton_.accepts(at.state)) end_scalar(at, next);
    return;
  }
  if (read == StringByte::character) {
    grow(at, at.bytes.character());
    if (!text_alive(at)) return;
    at.bytes = {};
  }
  next.push_back(std::move(at));
}

void JsonMachine::step_behind_value(const Configuration& at, std::uint8_t byte,
                                    Configurations& next) {
  const Frame& frame = *at.frame;
  if (at.place == Place::member_end) {
    if (byte == '}' && can_close_object(frame)) close(at, next);
    if (byte != ',') return;
    Configuration key = at_place(at, Place::key_begin, at.frame);
    Configurations keys;
    begin_key(key, keys);
    if (!keys.empty()) next.push_back(std::move(key));
    return;
  }
  if (byte == ']' && can_close_array(frame)) close(at, next);
  if (byte != ',') return;
  for (Configuration& item : items(at)) next.push_back(std::move(item));
}

}  // namespace espalier::guide
