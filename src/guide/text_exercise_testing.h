// Does with a regular expression or a grammar what an answer does: compiles it and walks at random
// under its masks. The fuzzers and the corpus test run it; whatever the bytes were, they may be
// refused, and nothing else may happen.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "espalier/error.h"
#include "guide/guide_samples_testing.h"
#include "guide/guide_testing.h"

namespace espalier::guide::testing {

// Less than a guide may cost otherwise, so that many can be tried.
inline constexpr GuideLimits exercise_limits = {.terms = std::size_t{1} << 14,
                                                .states = std::size_t{1} << 11,
                                                .pattern_bytes = 1024,
                                                .nesting = 100,
                                                .nodes = 1024};

// Draws the same numbers for the same text.
class TextDraw {
 public:
  explicit TextDraw(std::string_view text) {
    for (const char c : text) state_ = (state_ ^ static_cast<std::uint8_t>(c)) * 0x100000001B3ULL;
  }
  std::size_t below(std::size_t most) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ % most;
  }

 private:
  std::uint64_t state_ = 0xCBF29CE484222325ULL;
};

// Masks are not empty, accept() says what they say, and a step back leads where it came from.
inline void walk(const std::shared_ptr<const Guide>& guide, TextDraw& draw) {
  static const auto trie = byte_trie({"ab", "a1", "  ", "é", "\xC3", "\xA9z", "<t", "t>{", "{\"",
                                      "\"}", "00", "-1", "\\n", "]x", "true", "🐲🐲"});
  Matcher matcher(guide, trie);
  TokenMask mask(trie->vocabulary_size());
  TokenMask again(trie->vocabulary_size());
  for (int step = 0; step < 24 && !matcher.is_finished(); ++step) {
    matcher.mask(mask);
    std::vector<TokenId> allowed;
    for (TokenId id = 0; static_cast<std::size_t>(id) < mask.size(); ++id) {
      if (mask.allows(id)) allowed.push_back(id);
    }
    demand(!allowed.empty(), "an empty mask");
    demand(mask.allows(end_token) == matcher.is_complete(), "an end that is none");
    const auto any = static_cast<TokenId>(draw.below(mask.size()));
    const bool accepted = matcher.accept(any);
    demand(accepted == mask.allows(any), "a mask of other tokens");
    if (accepted) {
      matcher.rollback(1);
      matcher.mask(again);
      demand(mask == again, "a step back leads elsewhere");
    }
    demand(matcher.accept(allowed[draw.below(allowed.size())]), "a token of the mask refused");
  }
}

template <class Compile>
void compile_and_walk(std::string_view text, const Compile& compile) {
  TextDraw draw(text);
  try {
    const std::shared_ptr<const Guide> guide = compile();
    for (int i = 0; i < 2; ++i) walk(guide, draw);
  } catch (const UnsupportedGuide&) {
    // Also while it is walked: the limits are low.
  } catch (const InvalidSchema&) {
  } catch (const InvalidFile&) {
  }
}

inline void exercise_regex(std::string_view regex) {
  compile_and_walk(regex, [&] { return Guide::of_regex(regex, {}, exercise_limits); });
}

inline void exercise_grammar(std::string_view grammar) {
  compile_and_walk(grammar, [&] {
    const auto document = base::JsonDocument::parse("grammar", std::string(grammar));
    return Guide::of_grammar(document.root(), answer_options, exercise_limits);
  });
}

}  // namespace espalier::guide::testing
