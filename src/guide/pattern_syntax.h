// The tree of an ECMA-262 regular expression (pattern.h), and its parser.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "guide/code_points.h"
#include "guide/limits.h"

namespace espalier::guide {

enum class PatternKind : std::uint8_t {
  points,        // one code point of a set
  sequence,      // the parts, one behind the other
  alternatives,  // one of the parts
  repeat,        // parts[0], least to most times
  start,         // ^
  end,           // $
  ahead,         // (?=…): parts[0] matches from here
  not_ahead,     // (?!…)
};

struct PatternNode {
  PatternKind kind = PatternKind::sequence;
  CodePoints points;
  std::vector<PatternNode> parts;
  std::uint32_t least = 0;
  std::uint32_t most = 0;
  // Of this and everything inside.
  bool has_start = false;    // a ^
  bool has_context = false;  // anything that looks around: ^, $, (?=…), (?!…)
};

// Throws as pattern_term does.
PatternNode parse_pattern(std::string_view pattern, const GuideLimits& limits);

}  // namespace espalier::guide
