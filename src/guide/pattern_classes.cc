#include "guide/pattern_classes.h"

#include "text/unicode_classes.h"

namespace espalier::guide {
namespace {

CodePoints of_class(std::uint8_t bit) {
  const std::uint8_t* classes = text::character_classes();
  std::vector<CodeRange> ranges;
  for (char32_t c = 0; c <= text::last_classified_character; ++c) {
    if ((classes[c] & bit) == 0) continue;
    if (!ranges.empty() && ranges.back().last + 1 == c) {
      ranges.back().last = c;
    } else {
      ranges.push_back({c, c});
    }
  }
  return CodePoints(std::move(ranges));
}

}  // namespace

CodePoints digit_points() { return CodePoints({{U'0', U'9'}}); }

CodePoints word_points() {
  return CodePoints({{U'0', U'9'}, {U'A', U'Z'}, {U'_', U'_'}, {U'a', U'z'}});
}

CodePoints space_points() {
  return CodePoints({{0x09, 0x0D},
                     {0x20, 0x20},
                     {0xA0, 0xA0},
                     {0x1680, 0x1680},
                     {0x2000, 0x200A},
                     {0x2028, 0x2029},
                     {0x202F, 0x202F},
                     {0x205F, 0x205F},
                     {0x3000, 0x3000},
                     {0xFEFF, 0xFEFF}});
}

CodePoints line_points() { return CodePoints({{0x0A, 0x0A}, {0x0D, 0x0D}, {0x2028, 0x2029}}); }

std::optional<CodePoints> property_points(std::string_view name) {
  for (const std::string_view prefix : {"General_Category=", "gc="}) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  if (name == "L" || name == "Letter") return of_class(text::CharacterClass::letter);
  if (name == "N" || name == "Number") return of_class(text::CharacterClass::number);
  if (name == "ASCII") return CodePoints({{0, 0x7F}});
  if (name == "Any") return CodePoints::all();
  return std::nullopt;
}

}  // namespace espalier::guide
