#include "text/pre_tokenizer.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "text/space_mark.h"
#include "text/unicode_classes.h"
#include "text/utf8.h"

namespace espalier::text {
namespace {

// A character as a splitter sees it. Past the end of the text: no class and size 0.
struct Character {
  std::uint8_t classes;
  std::uint8_t size;

  bool is(std::uint8_t some) const noexcept { return (classes & some) != 0; }
};

// Reads the characters of one text. Made once per word: the table's address stays in a register.
class Reader {
 public:
  explicit Reader(std::string_view text) noexcept : text_(text), classes_(character_classes()) {}

  Character at(std::size_t i) const noexcept {
    if (i >= text_.size()) return {0, 0};
    const auto byte = static_cast<std::uint8_t>(text_[i]);
    if (byte < 0x80) return {classes_[byte], 1};
    const Utf8Character character = first_character(text_.substr(i));
    const bool classified =
        character.status == Utf8Status::valid && character.code_point <= last_classified_character;
    return {classified ? classes_[character.code_point] : std::uint8_t{0}, character.size};
  }

  // The end of the run of characters from `i` on whose classes among `looked_at` are `wanted`.
  std::size_t run_end(std::size_t i, std::uint8_t looked_at, std::uint8_t wanted) const noexcept {
    for (Character c = at(i); c.size != 0 && (c.classes & looked_at) == wanted; c = at(i)) {
      i += c.size;
    }
    return i;
  }

  bool starts_with(std::size_t i, std::string_view word) const noexcept {
    return text_.substr(i).starts_with(word);
  }

 private:
  std::string_view text_;
  const std::uint8_t* classes_;
};

// 's|'t|'re|'ve|'m|'ll|'d at `i`: its size, or 0.
std::size_t contraction(const Reader& reader, std::size_t i) noexcept {
  for (const std::string_view word : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
    if (reader.starts_with(i, word)) return word.size();
  }
  return 0;
}

// \s+(?!\S)|\s+ from `i`, a space: the whole run at the end of the piece, else all but its last
// character, which is left to be the next word or the front of it; but at least one. A piece ends
// where the text does and before characters of the classes `piece_end`.
std::size_t spaces_end(const Reader& reader, std::size_t i, std::uint8_t piece_end) noexcept {
  std::size_t last = i;
  std::size_t end = i;
  for (Character c = reader.at(end); c.is(CharacterClass::space); c = reader.at(end)) {
    last = end;
    end += c.size;
  }
  const Character after = reader.at(end);
  const bool ends_piece = after.size == 0 || after.is(piece_end);
  return ends_piece || last == i ? end : last;
}

// GPT-2's expression within pieces that end before characters of the classes `piece_end`.
std::size_t gpt2_within_piece(std::string_view text, std::size_t begin,
                              std::uint8_t piece_end) noexcept {
  const Reader reader(text);
  if (text[begin] == '\'') {
    if (const std::size_t size = contraction(reader, begin)) return begin + size;
  }
  std::size_t at = begin;
  Character first = reader.at(at);
  if (text[at] == ' ') {
    const Character next = reader.at(at + 1);
    if (next.size == 0 || next.is(CharacterClass::space | piece_end)) {
      return spaces_end(reader, begin, piece_end);
    }
    first = next;
    ++at;
  } else if (first.is(CharacterClass::space)) {
    return spaces_end(reader, begin, piece_end);
  }
  constexpr std::uint8_t kinds =
      CharacterClass::letter | CharacterClass::number | CharacterClass::space;
  return reader.run_end(at + first.size, kinds | piece_end, first.classes & kinds);
}

std::size_t gpt2(std::string_view text, std::size_t begin) noexcept {
  return gpt2_within_piece(text, begin, 0);
}

std::size_t smollm(std::string_view text, std::size_t begin) noexcept {
  const Character first = Reader(text).at(begin);
  if (first.is(CharacterClass::numeric)) return begin + first.size;
  return gpt2_within_piece(text, begin, CharacterClass::numeric);
}

// (?i:'s|'t|'re|'ve|'m|'ll|'d) at `i`, an apostrophe: its size, or 0. To the regex engine U+017F,
// the long s, is an s in another case.
std::size_t contraction_of_any_case(std::string_view text, std::size_t i) noexcept {
  const auto lower = [&](std::size_t at) {
    const char c = at < text.size() ? text[at] : '\0';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  const char next = lower(i + 2);
  switch (lower(i + 1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 2;
    case 'r':
    case 'v':
      return next == 'e' ? 3 : 0;
    case 'l':
      return next == 'l' ? 3 : 0;
    default:
      return text.substr(i + 1).starts_with("\u017F") ? 3 : 0;
  }
}

// \s*[\r\n]+|\s+(?!\S)|\s+ from `i`, a space: up to the last line end of the run, where it has one.
std::size_t lines_end(const Reader& reader, std::string_view text, std::size_t i) noexcept {
  std::size_t end = i;
  std::size_t last = i;
  std::size_t line_end = i;
  for (Character c = reader.at(end); c.is(CharacterClass::space); c = reader.at(end)) {
    last = end;
    end += c.size;
    if (text[last] == '\n' || text[last] == '\r') line_end = end;
  }
  if (line_end != i) return line_end;
  return end == text.size() || last == i ? end : last;
}

// Llama 3's expression, in which a word has up to `digits` digits.
template <int digits>
std::size_t llama3(std::string_view text, std::size_t begin) noexcept {
  constexpr std::uint8_t kinds =
      CharacterClass::letter | CharacterClass::number | CharacterClass::space;
  const Reader reader(text);
  const Character first = reader.at(begin);
  const std::size_t second = begin + first.size;
  if (text[begin] == '\'') {
    if (const std::size_t size = contraction_of_any_case(text, begin)) return begin + size;
  }
  if (first.is(CharacterClass::letter)) {
    return reader.run_end(second, CharacterClass::letter, CharacterClass::letter);
  }
  if (first.is(CharacterClass::number)) {
    std::size_t end = second;
    for (int i = 1; i < digits && reader.at(end).is(CharacterClass::number); ++i) {
      end += reader.at(end).size;
    }
    return end;
  }
  const Character next = reader.at(second);
  if (next.is(CharacterClass::letter) && text[begin] != '\r' && text[begin] != '\n') {
    return reader.run_end(second, CharacterClass::letter, CharacterClass::letter);
  }
  const bool space_and_mark = text[begin] == ' ' && next.size != 0 && !next.is(kinds);
  if (first.is(CharacterClass::space) && !space_and_mark) return lines_end(reader, text, begin);
  std::size_t end = reader.run_end(second, kinds, 0);
  while (end < text.size() && (text[end] == '\r' || text[end] == '\n')) ++end;
  return end;
}

std::size_t digits(std::string_view text, std::size_t begin) noexcept {
  const Reader reader(text);
  const Character first = reader.at(begin);
  const std::size_t second = begin + first.size;
  return first.is(CharacterClass::numeric) ? second
                                           : reader.run_end(second, CharacterClass::numeric, 0);
}

std::size_t digit_runs(std::string_view text, std::size_t begin) noexcept {
  const Reader reader(text);
  const Character first = reader.at(begin);
  return reader.run_end(begin + first.size, CharacterClass::numeric,
                        first.classes & CharacterClass::numeric);
}

std::size_t metaspace(std::string_view text, std::size_t begin) noexcept {
  return std::min(text.find(space_mark, begin + 1), text.size());
}

std::size_t whole(std::string_view text, std::size_t) noexcept { return text.size(); }

}  // namespace

struct PreTokenizer::Known {
  enum class Listed : std::uint8_t { yes, no };
  std::string_view name;
  WordEnd word_end;
  Listed listed = Listed::yes;
};

// A new pre-tokeniser is a function above and a line here.
const PreTokenizer::Known PreTokenizer::known_[] = {
    {"gpt2", gpt2},
    {"smollm", smollm},
    {"llama-bpe", llama3<3>},
    {"qwen2", llama3<1>},
    {"gpt-2", gpt2, Known::Listed::no},
    {"llama3", llama3<3>, Known::Listed::no},
    {"llama-v3", llama3<3>, Known::Listed::no},
    {"digits", digits, Known::Listed::no},
    {"digit-runs", digit_runs, Known::Listed::no},
    {"metaspace", metaspace, Known::Listed::no},
    {"whole", whole, Known::Listed::no},
};

PreTokenizer::PreTokenizer() noexcept : word_ends_{whole} {}

std::optional<PreTokenizer> PreTokenizer::find(std::string_view name) {
  if (name == "digits+gpt2") name = "smollm";
  PreTokenizer found;
  found.steps_ = 0;
  for (bool more = true; more;) {
    const std::size_t plus = name.find('+');
    const std::string_view step = name.substr(0, plus);
    const auto known = std::ranges::find(known_, step, &Known::name);
    if (known == std::end(known_) || found.steps_ == most_steps) return std::nullopt;
    found.word_ends_[found.steps_++] = known->word_end;
    more = plus != std::string_view::npos;
    if (more) name.remove_prefix(plus + 1);
  }
  return found;
}

std::string PreTokenizer::known_names() {
  std::string names;
  for (const Known& known : known_) {
    if (known.listed == Known::Listed::no) continue;
    if (!names.empty()) names += ", ";
    names += known.name;
  }
  return names;
}

}  // namespace espalier::text
