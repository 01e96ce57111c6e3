// Judges guides by cases: schemas with values that fit and values that do not.
//
// A verdict comes from mask() and accept() alone, token by token up to the end token: in the
// tokeniser's own tokens and in others drawn at random, compact and with blanks. Where those
// differ, the case is wrong whatever it expects.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "guide/matcher.h"
#include "guide/token_readings.h"
#include "text/tokenizer.h"

namespace espalier::guide {

// A value as JSON text: numbers as the document spells them.
enum class Spelling : std::uint8_t { compact, spaced };
std::string spell(base::JsonValue value, Spelling spelling);

struct CaseResult {
  std::string name;
  std::string refused;  // why, where the guide was refused; empty where it was not
  double compile_ms = 0;
  std::vector<std::string> valid_rejected;  // JSON texts
  std::vector<std::string> invalid_accepted;
  std::size_t tests = 0;
  std::vector<double> mask_us;  // one for each position
  std::vector<double> accept_us;
  std::vector<double> instance_us;  // compiling, then all masks and steps of one value

  bool all_right() const {
    return refused.empty() && valid_rejected.empty() && invalid_accepted.empty();
  }
};

class CaseChecker {
 public:
  CaseChecker(const text::Tokenizer& tokenizer, std::shared_ptr<const TokenTrie> trie,
              const SchemaOptions& options = {}, std::uint64_t seed = 1)
      : trie_(std::move(trie)), options_(options), readings_(tokenizer, trie_, seed) {}

  // `test_case` is {"name", "schema", "tests": [{"valid", "data"}]}; `description` serves for name.
  CaseResult check(base::JsonValue test_case);

 private:
  void check_value(const std::shared_ptr<const Guide>& guide, base::JsonValue value, bool valid,
                   CaseResult& result);
  bool accepts(const std::shared_ptr<const Guide>& guide, const std::vector<TokenId>& tokens,
               CaseResult* timed);

  std::shared_ptr<const TokenTrie> trie_;
  SchemaOptions options_;
  TokenReadings readings_;
};

}  // namespace espalier::guide
