// Does with a JSON text all that a program could: reads every value by every getter. The fuzzer and
// the corpus test run it; whatever the bytes were, it may throw InvalidFile and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "espalier/error.h"

namespace espalier::base::testing {

template <class Call>
void allow_invalid(Call call) {
  try {
    call();
  } catch (const InvalidFile&) {
    // Not what this getter wants: fine.
  }
}

// Not more than this many values in all: naming a path walks from the root.
inline void exercise_value(JsonValue value, int& budget) {
  if (--budget < 0) return;
  (void)value.path();
  (void)value.byte();
  allow_invalid([&] { (void)value.as_bool(); });
  allow_invalid([&] { (void)value.as_integer<std::int8_t>(); });
  allow_invalid([&] { (void)value.as_integer<std::int64_t>(); });
  allow_invalid([&] { (void)value.as_size(); });
  allow_invalid([&] { (void)value.as_double(); });
  allow_invalid([&] { (void)value.as_float(); });
  allow_invalid([&] { (void)std::string(value.as_string()); });
  allow_invalid([&] { (void)value.as_integers<int>(); });
  allow_invalid([&] { (void)value.as_floats(); });
  allow_invalid([&] { (void)value.as_strings(); });
  allow_invalid([&] { (void)value.get("absent"); });
  std::size_t count = 0;
  if (value.is_array()) {
    for (const JsonValue element : value.elements()) {
      exercise_value(element, budget);
      ++count;
    }
    if (count != value.size()) std::abort();
  }
  if (value.is_object()) {
    for (const JsonMember& member : value.members()) {
      // Keys are unique, so the member found by name is this one.
      if (count < 8 && value.get(member.key).byte() != member.value.byte()) std::abort();
      exercise_value(member.value, budget);
      ++count;
    }
    if (count != value.size()) std::abort();
  }
}

inline void exercise_json(std::string_view text) {
  // Small limits, so that small files reach them.
  constexpr JsonLimits small = {.bytes = 1 << 20, .values = 4'096, .depth = 16, .token = 1'024};
  allow_invalid([&] {
    const JsonDocument document = JsonDocument::parse("input", std::string(text), small, 8);
    int budget = 256;
    exercise_value(document.root(), budget);
  });
}

}  // namespace espalier::base::testing
