// A parsed JSON text: its values one after the other, children behind their parent. Inside base
// only; others read it through json.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace espalier::base {

struct JsonNode {
  std::uint32_t at;         // of the first byte in the text: a quote, a digit, a bracket
  std::uint32_t length;     // a string's bytes without escapes, a number's digits and signs, the
                            // number of elements or members; a boolean's value
  std::uint32_t kind : 3;   // a JsonKind
  std::uint32_t next : 29;  // the node behind this one and all its children
};

static_assert(sizeof(JsonNode) == 12);  // what JsonLimits::values counts with

// A member of an object is two nodes: its key, a string, then its value.
struct JsonTape {
  std::string name;
  std::string text;  // strings have been unescaped in place
  std::size_t first_byte = 0;
  std::vector<JsonNode> nodes;

  JsonKind kind(std::uint32_t index) const noexcept {
    return static_cast<JsonKind>(nodes[index].kind);
  }
  std::string_view string(std::uint32_t index) const noexcept {
    return {text.data() + nodes[index].at + 1, nodes[index].length};
  }
  std::string_view number(std::uint32_t index) const noexcept {
    return {text.data() + nodes[index].at, nodes[index].length};
  }

  // Throws InvalidFile. `at` counts from the start of the text.
  [[noreturn]] void fail(std::size_t at, std::string_view path, std::string_view problem) const;
};

// Fills tape.nodes from tape.text. Throws InvalidFile.
void parse_json(JsonTape& tape, const JsonLimits& limits);

}  // namespace espalier::base
