// What a tokenizer does to a text before it is split into words.
//
//   TextRules rules({{TextRule::Kind::replace, " ", "\u2581"}});
//   rules.apply("a b", TextPlace::start, buffer)   // "a▁b", in buffer
//
// NFC and NFKC are utf8proc's, but for characters that PyPI tokenizers does not normalise
// (normalisation_gaps.h). Bytes that are not UTF-8 are left where they are: no rule looks at
// them, nor across them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace espalier::text {

struct TextRule {
  enum class Kind : std::uint8_t {
    nfc,
    nfkc,
    prepend,  // puts `to` in front of a text that is not empty
    replace,  // every `from`, from left to right, becomes `to`
  };
  Kind kind;
  std::string from;
  std::string to;
  bool operator==(const TextRule&) const = default;
};

// What stands in front of a piece of text.
enum class TextPlace : std::uint8_t {
  start,        // nothing
  after_token,  // a special token
  inside,       // text, encoded before: nothing is put in front
};

class TextRules {
 public:
  explicit TextRules(std::vector<TextRule> rules = {}) : rules_(std::move(rules)) {}

  bool empty() const noexcept { return rules_.empty(); }

  // `text` by all rules, in `buffer`, or `text` itself where nothing changes. `text` must not be
  // part of the buffer.
  std::string_view apply(std::string_view text, TextPlace place, std::string& buffer) const;

 private:
  std::vector<TextRule> rules_;
};

}  // namespace espalier::text
