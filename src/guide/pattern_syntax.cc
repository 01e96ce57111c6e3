#include "guide/pattern_syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/message_format.h"
#include "espalier/error.h"
#include "guide/pattern_classes.h"
#include "guide/term.h"
#include "guide/utf32.h"

namespace espalier::guide {
namespace {

PatternNode points_node(CodePoints points) {
  PatternNode node;
  node.kind = PatternKind::points;
  node.points = std::move(points);
  return node;
}

PatternNode node_of(PatternKind kind, std::vector<PatternNode> parts = {}) {
  PatternNode node;
  node.kind = kind;
  node.has_start = kind == PatternKind::start;
  node.has_context = kind == PatternKind::start || kind == PatternKind::end ||
                     kind == PatternKind::ahead || kind == PatternKind::not_ahead;
  for (const PatternNode& part : parts) {
    node.has_start |= part.has_start;
    node.has_context |= part.has_context;
  }
  node.parts = std::move(parts);
  return node;
}

// A class escape (\d) or one character (\n).
struct Escape {
  std::optional<CodePoints> points;
  char32_t character = 0;
};

class Parser {
 public:
  Parser(std::string_view pattern, const GuideLimits& limits) : pattern_(pattern), limits_(limits) {
    if (pattern.size() > limits.pattern_bytes) {
      throw UnsupportedGuide(fmt::format("a pattern has {} bytes; at most {} are read",
                                         base::grouped(pattern.size()),
                                         base::grouped(limits.pattern_bytes)));
    }
    auto characters = to_utf32(pattern);
    if (!characters) fail("the bytes are not UTF-8");
    text_ = *std::move(characters);
  }

  PatternNode parse() {
    PatternNode node = alternatives(0);
    if (!at_end()) fail("')' closes no group");
    return node;
  }

 private:
  [[noreturn]] void fail(std::string_view problem) const {
    throw InvalidSchema(fmt::format("the pattern {} is no regular expression: character {}: {}",
                                    base::quoted(pattern_), at_ + 1, problem));
  }
  [[noreturn]] void refuse(std::string_view what) const {
    throw UnsupportedGuide(fmt::format("the pattern {} uses {}, which is not supported",
                                       base::quoted(pattern_), what));
  }

  bool at_end() const { return at_ == text_.size(); }
  char32_t peek() const { return at_end() ? U'\0' : text_[at_]; }
  bool take(std::u32string_view expected) {
    if (!std::u32string_view(text_).substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }

  PatternNode alternatives(std::size_t depth) {
    if (depth > limits_.nesting) refuse("groups too deep in each other");
    std::vector<PatternNode> parts;
    do {
      parts.push_back(sequence(depth));
    } while (take(U"|"));
    return parts.size() == 1 ? std::move(parts.front())
                             : node_of(PatternKind::alternatives, std::move(parts));
  }

  PatternNode sequence(std::size_t depth) {
    std::vector<PatternNode> parts;
    while (!at_end() && peek() != U'|' && peek() != U')') parts.push_back(quantified(depth));
    return node_of(PatternKind::sequence, std::move(parts));
  }

  PatternNode quantified(std::size_t depth) {
    PatternNode node = atom(depth);
    std::uint32_t least = 0;
    std::uint32_t most = 0;
    if (!quantifier(least, most)) return node;
    if (node.kind == PatternKind::start || node.kind == PatternKind::end) {
      fail("a count stands behind an assertion");
    }
    (void)take(U"?");  // lazy: the same texts
    PatternNode repeat = node_of(PatternKind::repeat, {std::move(node)});
    repeat.least = least;
    repeat.most = most;
    std::uint32_t ignored = 0;
    if (quantifier(ignored, ignored)) fail("a count stands behind a count");
    return repeat;
  }

  bool quantifier(std::uint32_t& least, std::uint32_t& most) {
    if (take(U"*")) return least = 0, most = unbounded, true;
    if (take(U"+")) return least = 1, most = unbounded, true;
    if (take(U"?")) return least = 0, most = 1, true;
    if (peek() != U'{') return false;
    const std::size_t begin = at_;
    ++at_;
    const auto first = number();
    auto last = first;
    if (first && take(U",")) last = peek() == U'}' ? std::optional(unbounded) : number();
    if (!first || !last || !take(U"}")) {
      at_ = begin;
      return false;
    }
    if (*first > *last) fail("the counts of {m,n} are out of order");
    least = *first;
    most = *last;
    return true;
  }

  std::optional<std::uint32_t> number() {
    std::uint64_t value = 0;
    const std::size_t begin = at_;
    while (peek() >= U'0' && peek() <= U'9') {
      value = value * 10 + (text_[at_++] - U'0');
      if (value > limits_.repeat) refuse(fmt::format("a count above {}", limits_.repeat));
    }
    if (at_ == begin) return std::nullopt;
    return static_cast<std::uint32_t>(value);
  }

  PatternNode atom(std::size_t depth) {
    const char32_t c = text_[at_++];
    switch (c) {
      case U'^':
        return node_of(PatternKind::start);
      case U'$':
        return node_of(PatternKind::end);
      case U'.':
        return points_node(line_points().complement());
      case U'(':
        return group(depth);
      case U'[':
        return points_node(character_class());
      case U'\\': {
        const Escape escape = this->escape(false);
        return points_node(escape.points ? *escape.points : CodePoints::one(escape.character));
      }
      case U'*':
      case U'+':
      case U'?':
        --at_;
        fail("a count stands behind nothing");
      default:
        return points_node(CodePoints::one(c));
    }
  }

  PatternNode group(std::size_t depth) {
    PatternKind kind = PatternKind::sequence;
    if (take(U"?=")) {
      kind = PatternKind::ahead;
    } else if (take(U"?!")) {
      kind = PatternKind::not_ahead;
    } else if (take(U"?<=") || take(U"?<!")) {
      refuse("look-behind");
    } else if (take(U"?<")) {
      while (!at_end() && peek() != U'>') ++at_;
      if (!take(U">")) fail("a group's name has no end");
    } else if (!take(U"?:") && peek() == U'?') {
      refuse("a flag or another extension behind '(?'");
    }
    PatternNode inner = alternatives(depth + 1);
    if (!take(U")")) fail("a group has no end");
    if (kind == PatternKind::sequence) return inner;
    return node_of(kind, {std::move(inner)});
  }

  CodePoints character_class() {
    const bool negated = take(U"^");
    std::vector<CodeRange> ranges;
    CodePoints points;
    while (peek() != U']') {
      if (at_end()) fail("a character class has no end");
      const Escape first = class_atom();
      const bool is_range = peek() == U'-' && at_ + 1 < text_.size() && text_[at_ + 1] != U']';
      if (first.points) {
        points = points.united(*first.points);
      } else if (!is_range) {
        ranges.push_back({first.character, first.character});
      }
      if (!is_range || first.points) continue;  // a '-' behind \d stands for itself
      ++at_;
      const Escape last = class_atom();
      if (last.points) {
        points = points.united(*last.points);
        ranges.push_back({first.character, first.character});
        ranges.push_back({U'-', U'-'});
      } else if (last.character < first.character) {
        fail("a range of a character class is out of order");
      } else {
        ranges.push_back({first.character, last.character});
      }
    }
    ++at_;
    points = points.united(CodePoints(std::move(ranges)));
    return negated ? points.complement() : points;
  }

  Escape class_atom() {
    if (at_end()) fail("a character class has no end");
    const char32_t c = text_[at_++];
    if (c == U'\\') return escape(true);
    return {std::nullopt, c};
  }

  Escape escape(bool in_class) {
    if (at_end()) fail("a backslash stands at the end");
    const char32_t c = text_[at_++];
    switch (c) {
      case U'd':
        return {digit_points()};
      case U'D':
        return {digit_points().complement()};
      case U'w':
        return {word_points()};
      case U'W':
        return {word_points().complement()};
      case U's':
        return {space_points()};
      case U'S':
        return {space_points().complement()};
      case U'p':
      case U'P':
        return {property(c == U'P')};
      case U't':
        return {std::nullopt, U'\t'};
      case U'n':
        return {std::nullopt, U'\n'};
      case U'v':
        return {std::nullopt, U'\v'};
      case U'f':
        return {std::nullopt, U'\f'};
      case U'r':
        return {std::nullopt, U'\r'};
      case U'b':
        if (in_class) return {std::nullopt, U'\b'};
        refuse("\\b");
      case U'B':
        refuse("\\B");
      case U'k':
        refuse("a back-reference");
      case U'c':
        return {std::nullopt, control()};
      case U'x':
        return {std::nullopt, hexadecimal(2)};
      case U'u':
        return {std::nullopt, unicode()};
      case U'0':
        if (peek() >= U'0' && peek() <= U'9') refuse("an octal escape");
        return {std::nullopt, U'\0'};
      default:
        break;
    }
    if (c >= U'1' && c <= U'9') refuse("a back-reference");
    if ((c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z')) {
      fail(fmt::format("'\\{}' means nothing", static_cast<char>(c)));
    }
    return {std::nullopt, c};
  }

  char32_t control() {
    const char32_t c = peek();
    if (!((c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'))) fail("'\\c' needs a letter");
    ++at_;
    return c % 32;
  }

  char32_t hexadecimal(std::size_t digits) {
    char32_t value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const char32_t c = peek();
      const bool is_digit = c >= U'0' && c <= U'9';
      const char32_t letter = c | 0x20U;
      if (!is_digit && !(letter >= U'a' && letter <= U'f')) fail("a hexadecimal digit is missing");
      value = value * 16 + (is_digit ? c - U'0' : letter - U'a' + 10);
      if (value > last_code_point) fail("a character above U+10FFFF");
      ++at_;
    }
    return value;
  }

  char32_t unicode() {
    if (take(U"{")) {
      std::size_t digits = 0;
      while (at_ + digits < text_.size() && text_[at_ + digits] != U'}') ++digits;
      if (digits == 0) fail("a hexadecimal digit is missing");
      const char32_t value = hexadecimal(digits);
      if (!take(U"}")) fail("'\\u{' has no end");
      return value;
    }
    const char32_t high = hexadecimal(4);
    if (high < 0xD800 || high > 0xDBFF) return high;
    const std::size_t begin = at_;
    if (take(U"\\u")) {
      const char32_t low = hexadecimal(4);
      if (low >= 0xDC00 && low <= 0xDFFF) return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
      at_ = begin;
    }
    return high;
  }

  CodePoints property(bool negated) {
    if (!take(U"{")) fail("'\\p' needs a property in braces");
    std::string name;
    while (!at_end() && peek() != U'}') {
      name += peek() < 0x80 ? static_cast<char>(peek()) : '?';
      ++at_;
    }
    if (!take(U"}")) fail("'\\p{' has no end");
    const auto points = property_points(name);
    if (!points) refuse(fmt::format("the property \\p{{{}}}", base::printable(name)));
    return negated ? points->complement() : *points;
  }

  std::string_view pattern_;
  GuideLimits limits_;
  std::u32string text_;
  std::size_t at_ = 0;
};

}  // namespace

PatternNode parse_pattern(std::string_view pattern, const GuideLimits& limits) {
  return Parser(pattern, limits).parse();
}

}  // namespace espalier::guide
