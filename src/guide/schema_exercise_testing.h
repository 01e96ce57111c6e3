// Compiles any bytes as a schema and, where they pass for one, walks its masks. The fuzzer and the
// corpus test run it; whatever the bytes were, they are refused by one of three errors or followed.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "espalier/error.h"
#include "guide/guide_samples_testing.h"
#include "guide/guide_testing.h"

namespace espalier::guide::testing {

// Small limits, so that small schemas reach them.
inline constexpr GuideLimits small_limits = {.terms = 1 << 13,
                                             .states = 1 << 10,
                                             .pattern_bytes = 256,
                                             .repeat = 1 << 10,
                                             .nesting = 32,
                                             .alternatives = 64,
                                             .nodes = 1 << 10,
                                             .regions = 16,
                                             .modulus = 1'000,
                                             .digits = 40};

// The guide, or nothing where the bytes are no JSON or the schema is refused by name.
inline std::shared_ptr<const Guide> guide_or_refusal(std::string_view schema) {
  constexpr base::JsonLimits small = {.bytes = 1 << 16, .values = 4'096, .depth = 64};
  try {
    const auto document = base::JsonDocument::parse("schema", std::string(schema), small);
    return Guide::of_schema(document.root(), {}, small_limits);
  } catch (const InvalidFile&) {
  } catch (const InvalidSchema& fault) {
    demand(fault.what()[0] == '#', fault.what());  // the place comes first
  } catch (const UnsupportedGuide& fault) {
    demand(fault.what()[0] == '#', fault.what());
  }
  return nullptr;
}

// Not for ever: a pattern whose automaton grows with what is written fills the guide's limits, and
// that is the one thing that may be thrown.
inline void walk_masks(const std::shared_ptr<const Guide>& guide, std::uint32_t seed) {
  static const auto trie = byte_trie(sample_words);
  Matcher matcher(guide, trie);
  TokenMask mask(trie->vocabulary_size());
  std::mt19937 random(seed);
  for (int step = 0; step < 30 && !matcher.is_finished(); ++step) {
    matcher.mask(mask);
    demand(mask.count() > 0, "an empty mask");
    demand(step % 8 != 0 || mask == brute_force(matcher, *trie), "a mask of other tokens");
    std::size_t which = random() % mask.count();
    TokenId token = 0;
    while (!mask.allows(token) || which-- != 0) ++token;
    demand(matcher.accept(token), "a token of the mask refused");
  }
}

inline void exercise_schema(std::string_view schema) {
  const auto guide = guide_or_refusal(schema);
  if (!guide) return;
  try {
    walk_masks(guide, static_cast<std::uint32_t>(std::hash<std::string_view>{}(schema)));
  } catch (const UnsupportedGuide&) {
  }
}

}  // namespace espalier::guide::testing
