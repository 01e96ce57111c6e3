// The keys of objects: each once, those that must come still possible, none begun that cannot be
// ended.
#include <algorithm>
#include <bit>

#include "guide/json_machine.h"

namespace espalier::guide {
namespace {

constexpr std::uint64_t hash_step(std::uint64_t hash, char32_t character) {
  hash = (hash ^ character) * 0x9E3779B97F4A7C15ULL;
  return hash ^ (hash >> 32);
}

}  // namespace

// Keys that must come still, once `name` is there.
std::uint32_t JsonMachine::missing_with(const Frame& frame, std::uint32_t name) const {
  const ObjectPlan& plan = plan_.objects[frame.plan];
  if (!plan.has_needs) return frame.missing - (plan.names[name].required ? 1 : 0);
  std::vector<bool> needed(plan.names.size());
  std::vector<std::uint32_t> open;
  const auto there = [&](std::uint32_t i) { return i == name || frame.has_seen(i); };
  for (std::uint32_t i = 0; i < plan.names.size(); ++i) {
    if (plan.names[i].required || there(i)) open.push_back(i);
  }
  std::uint32_t missing = 0;
  while (!open.empty()) {
    const std::uint32_t i = open.back();
    open.pop_back();
    if (needed[i]) continue;
    needed[i] = true;
    if (!there(i)) ++missing;
    for (const std::uint32_t other : plan.names[i].needs) open.push_back(other);
  }
  return missing;
}

std::shared_ptr<Frame> JsonMachine::new_object(std::uint32_t plan, FramePtr outer) const {
  auto frame = std::make_shared<Frame>();
  frame->outer = std::move(outer);
  frame->is_object = true;
  frame->plan = plan;
  frame->missing = plan_.objects[plan].required;
  frame->witnesses = plan_.objects[plan].witnesses;
  frame->seen = NameSet(plan_.objects[plan].names.size());
  return frame;
}

std::shared_ptr<Frame> JsonMachine::with_name(const Frame& frame, std::uint32_t name) const {
  auto with = std::make_shared<Frame>(frame);
  with->missing = missing_with(frame, name);
  with->seen.add(name);
  with->rank = plan_.objects[frame.plan].names[name].rank;
  ++with->count;
  return with;
}

bool JsonMachine::name_free(const Frame& frame, std::uint32_t name) const {
  const ObjectPlan& plan = plan_.objects[frame.plan];
  if (plan.names[name].value == no_value || frame.has_seen(name)) return false;
  if (plan.last_rank > 0 && !in_order(frame, plan.names[name].rank)) return false;
  const std::uint64_t others = frame.due() - frame.missing;
  return frame.count + 1 + missing_with(frame, name) + others <= plan.most;
}

// Whether a key of this rank comes behind those that are there and passes over none that must come.
bool JsonMachine::in_order(const Frame& frame, std::uint32_t rank) const {
  if (rank < frame.rank) return false;
  if (frame.missing == 0) return true;
  const std::vector<NamePlan>& names = plan_.objects[frame.plan].names;
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    if (names[i].rank < rank && names[i].required && !frame.has_seen(i)) return false;
  }
  return true;
}

// Whether one more member of the region leaves room for what must come.
bool JsonMachine::room_for_other(const Frame& frame, std::uint32_t region) const {
  const ObjectPlan& plan = plan_.objects[frame.plan];
  if (plan.last_rank > 0 && !in_order(frame, plan.last_rank)) return false;
  return std::ranges::any_of(plan.regions[region].choices,
                             [&](const MemberChoice& choice) { return room_for(frame, choice); });
}

bool JsonMachine::room_for(const Frame& frame, const MemberChoice& choice) const {
  if ((choice.witnesses & ~frame.witnesses) != 0) return false;  // come before
  const auto met = static_cast<std::uint64_t>(std::popcount(choice.witnesses));
  return frame.count + 1 + frame.due() - met <= plan_.objects[frame.plan].most;
}

bool JsonMachine::can_close_object(const Frame& frame) const {
  return frame.due() == 0 && frame.count >= plan_.objects[frame.plan].least;
}

void JsonMachine::begin_key(const Configuration& at, Configurations& next) {
  const Frame& frame = *at.frame;
  const ObjectPlan& plan = plan_.objects[frame.plan];
  Configuration key;
  key.frame = at.frame;
  key.place = Place::key;
  key.last = static_cast<std::uint32_t>(plan.names.size());
  if (key_alive(key)) next.push_back(key);
  for (std::uint32_t i = 0; i < plan.regions.size(); ++i) {
    key.region = i;
    key.state = plan.regions[i].keys;
    key.few = plan.regions[i].few;
    if (key_alive(key)) next.push_back(key);
  }
}

// Reads a character of the key.
void JsonMachine::narrow(Configuration& at, char32_t character) const {
  const std::vector<NamePlan>& names = plan_.objects[at.frame->plan].names;
  const auto shorter = [&](const NamePlan& name) { return name.text.size() <= at.depth; };
  const auto begin = names.begin() + at.first;
  const auto end = names.begin() + at.last;
  const auto from = std::partition_point(begin, end, [&](const NamePlan& name) {
    return shorter(name) || name.text[at.depth] < character;
  });
  const auto to = std::partition_point(from, end, [&](const NamePlan& name) {
    return !shorter(name) && name.text[at.depth] == character;
  });
  at.first = static_cast<std::uint32_t>(from - names.begin());
  at.last = static_cast<std::uint32_t>(to - names.begin());
  ++at.depth;
  if (at.region == no_region) return;
  at.state = automaton_.next(at.state, character);
  at.hash = hash_step(at.hash, character);
  at.text.add(character);
}

// Whether what was read of the key is the beginning of one that may be here.
bool JsonMachine::key_alive(const Configuration& at) {
  if (at.region != no_region) {
    return room_for_other(*at.frame, at.region) && automaton_.alive(at.state) && others_left(at);
  }
  for (std::uint32_t i = at.first; i < at.last; ++i) {
    if (name_free(*at.frame, i)) return true;
  }
  return false;
}

// Where few keys of the region begin so: whether one of them is not there yet.
bool JsonMachine::others_left(const Configuration& at) {
  if (!at.few || !automaton_.few(at.state, few_texts)) return true;
  const std::uint64_t all = automaton_.known_count(at.state, few_texts);
  std::uint64_t taken = 0;
  const ObjectPlan& plan = plan_.objects[at.frame->plan];
  const auto accepted = [&](std::u32string_view rest) {
    StateId state = at.state;
    for (const char32_t c : rest) state = automaton_.next(state, c);
    return automaton_.accepts(state);
  };
  for (std::uint32_t i = at.first; i < at.last; ++i) {
    if (accepted(std::u32string_view(plan.names[i].text).substr(at.depth))) ++taken;
  }
  const std::u32string text = at.text.text();
  for (const SeenKey* key = at.frame->others.get(); key != nullptr; key = key->before.get()) {
    if (!key->text.starts_with(text)) continue;
    if (accepted(std::u32string_view(key->text).substr(at.depth))) ++taken;
  }
  return taken < all;
}

// Whether some beginning, at most `characters` longer than what was read, has no more texts than
// are taken. Only beginnings of those that are taken can have run out.
bool JsonMachine::may_run_out(const Configuration& at, std::uint32_t characters) const {
  if (!automaton_.few_within(at.state, few_texts, characters)) return false;
  std::vector<std::u32string> taken;
  barred_ends(at, [&](std::u32string_view end) { taken.emplace_back(end); });
  return std::ranges::any_of(taken, [&](std::u32string_view end) {
    StateId state = at.state;
    for (const char32_t character : end.substr(0, characters)) {
      if (automaton_.known_count(state, few_texts) <= taken.size()) return automaton_.alive(state);
      state = automaton_.next(state, character);
    }
    return automaton_.alive(state) && automaton_.known_count(state, few_texts) <= taken.size();
  });
}

bool JsonMachine::key_alive_through(const Configuration& at, char32_t first, char32_t last) {
  if (at.region != no_region && !at.few) return automaton_.alive_through(at.state, first, last);
  if (at.region != no_region) {
    for (const Automaton::Step& step : automaton_.steps(at.state, first, last)) {
      if (!automaton_.alive(step.next)) continue;
      if (!automaton_.few(step.next, few_texts)) return true;
      for (char32_t c = step.first; c <= step.last; ++c) {  // few, too
        Configuration next = at;
        narrow(next, c);
        if (others_left(next)) return true;
      }
    }
    return false;
  }
  const std::vector<NamePlan>& names = plan_.objects[at.frame->plan].names;
  for (std::uint32_t i = at.first; i < at.last; ++i) {
    if (names[i].text.size() <= at.depth) continue;
    const char32_t character = names[i].text[at.depth];
    if (character >= first && character <= last && name_free(*at.frame, i)) return true;
  }
  return false;
}

void JsonMachine::step_key(Configuration at, std::uint8_t byte, Configurations& next) {
  const StringByte read = at.bytes.read(byte, writing_, [&](char32_t first, char32_t last) {
    return key_alive_through(at, first, last);
  });
  if (read == StringByte::refused) return;
  if (read == StringByte::quote) {
    end_key(at, next);
    return;
  }
  if (read == StringByte::character) {
    narrow(at, at.bytes.character());
    if (!key_alive(at)) return;
    at.bytes = {};
  }
  next.push_back(std::move(at));
}

ByteSet JsonMachine::following_key(const Configuration& at) const {
  constexpr ByteSet any = ByteSet::range(0x20, 0xFF);
  if (at.region != no_region || !at.bytes.between_characters()) return any;
  constexpr unsigned most_looked_at = 32;
  ByteSet bytes("\"\\");
  const std::vector<NamePlan>& names = plan_.objects[at.frame->plan].names;
  unsigned looked_at = 0;
  for (auto name = names.begin() + at.first; name != names.begin() + at.last;) {
    if (name->text.size() <= at.depth) {
      ++name;
      continue;
    }
    const char32_t character = name->text[at.depth];
    if (character >= 0x80 || ++looked_at > most_looked_at) return any;
    bytes.add(static_cast<std::uint8_t>(character));
    name = std::partition_point(name, names.begin() + at.last, [&](const NamePlan& each) {
      return each.text[at.depth] == character;
    });
  }
  return bytes;
}

void JsonMachine::end_key(const Configuration& at, Configurations& next) const {
  const Frame& frame = *at.frame;
  const ObjectPlan& plan = plan_.objects[frame.plan];
  const bool named = at.first < at.last && plan.names[at.first].text.size() == at.depth;
  if (at.region != no_region) {
    if (named || !automaton_.accepts(at.state)) return;
    std::u32string text = at.text.text();
    for (const SeenKey* key = frame.others.get(); key != nullptr; key = key->before.get()) {
      if (key->text == text) return;
    }
    end_other_key(at, std::make_shared<SeenKey>(std::move(text), frame.others), next);
    return;
  }
  if (!named || !name_free(frame, at.first)) return;
  Configuration behind;
  behind.place = Place::colon;
  behind.frame = with_name(frame, at.first);
  behind.node = plan.names[at.first].value;
  next.push_back(std::move(behind));
}

// Where the key's end leads, `others` being those that the object has with it.
void JsonMachine::end_other_key(const Configuration& at,
                                const std::shared_ptr<const SeenKey>& others,
                                Configurations& next) const {
  const Frame& frame = *at.frame;
  const ObjectPlan& plan = plan_.objects[frame.plan];
  for (const MemberChoice& choice : plan.regions[at.region].choices) {
    if (!room_for(frame, choice)) continue;
    auto with = std::make_shared<Frame>(frame);
    ++with->count;
    with->witnesses &= ~choice.witnesses;
    with->rank = plan.last_rank;
    with->others = others;
    Configuration behind;
    behind.place = Place::colon;
    behind.frame = std::move(with);
    behind.node = choice.value;
    next.push_back(std::move(behind));
  }
}

}  // namespace espalier::guide
