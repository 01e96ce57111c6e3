// Answers tests/oracles/guide_oracle.py, one JSON object a line:
//
//   guide_oracle FOLDER with tokenizer.json
//     {"schema": …, "annotate": false, "walks": 10, "hints": [TEXT, …], "texts": [JSON text, …]}
//       →  {"refused": why}, or
//          {"walks": [JSON text, …], "unfinished": 2, "verdicts": [true, …]}
//
// A walk takes random tokens of the masks until the end token; one that does not end within its
// tokens is unfinished. Now and then it tries to go on by a hint (a required key, which chance
// would not hit upon), and takes it back where the masks do not allow it. A verdict is of the
// masks, token by token: in the tokenizer's own tokens and in two random divisions; null where
// those do not agree.
#include <algorithm>
#include <bit>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>

#include "espalier/error.h"
#include "guide/matcher.h"
#include "guide/token_readings.h"
#include "text/tokenizer_config.h"

namespace {

using espalier::base::JsonDocument;
using espalier::base::JsonValue;
using espalier::base::TokenId;
using espalier::guide::Guide;
using espalier::guide::Matcher;
using espalier::guide::TokenMask;
using espalier::guide::TokenReadings;
using espalier::guide::TokenTrie;
using GuidePtr = std::shared_ptr<const Guide>;
using TriePtr = std::shared_ptr<const TokenTrie>;

constexpr std::size_t most_tokens = 1000;
constexpr std::uint64_t seed = 1;

// A document of random tokens. Uniform choice would rarely end one: some are drawn from those that
// close something, and behind a number of tokens nearly all.
class Walker {
 public:
  Walker(TriePtr trie, TokenReadings& readings)
      : trie_(std::move(trie)), readings_(readings), mask_(trie_->vocabulary_size()) {
    for (std::size_t id = 0; id < trie_->vocabulary_size(); ++id) {
      const std::string& text = trie_->text(static_cast<TokenId>(id));
      const auto only = [&](auto belongs) {
        return !text.empty() && std::ranges::all_of(text, belongs);
      };
      if (text == "q") letter_ = static_cast<TokenId>(id);
      closes_.push_back(only([](char c) { return c == '}' || c == ']'; }));
      quotes_.push_back(only([](char c) { return c == '"'; }));
      solid_.push_back(
          !only([](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }));
      calm_.push_back(only([](char c) { return c == '"' || std::isalnum(c & 0x7F) != 0; }));
    }
  }

  // Nothing where the document did not end.
  std::optional<std::string> walk(const GuidePtr& guide, const std::vector<std::string>& hints) {
    Matcher matcher(guide, trie_);
    const std::size_t patience = 1 + random_() % 100;
    std::string text;
    while (matcher.accepted() < most_tokens) {
      const bool close = matcher.accepted() > patience;
      matcher.mask(mask_);
      if (mask_.count() == 0) throw std::logic_error("an empty mask behind " + text);
      std::optional<TokenId> token;
      if (random_() % 100 < (close ? 95U : 15U)) {
        token = closing();
        if (!token && try_hints(matcher, hints, text)) continue;
        if (!token) token = draw(quotes_);
        if (!token && close) token = draw(calm_);
      }
      if (!token && random_() % 8 != 0) token = draw(solid_);
      if (!token) token = draw({});
      if (!matcher.accept(*token)) throw std::logic_error("a token of the mask refused: " + text);
      if (matcher.is_finished()) return text;
      text += trie_->text(*token);
    }
    return std::nullopt;
  }

 private:
  std::optional<TokenId> closing() {
    const TokenId end = trie_->end_tokens().front();
    if (mask_.allows(end)) return end;
    // Inside a text brackets are characters like any other.
    return draw(mask_.allows(letter_) ? quotes_ : closes_);
  }

  bool try_hints(Matcher& matcher, const std::vector<std::string>& hints, std::string& text) {
    if (hints.empty()) return false;
    const std::size_t first = random_() % hints.size();
    for (std::size_t i = 0; i < hints.size(); ++i) {
      const std::string& hint = hints[(first + i) % hints.size()];
      const std::size_t before = matcher.accepted();
      const auto tokens = readings_.random(hint);
      if (std::ranges::all_of(tokens, [&](TokenId token) { return matcher.accept(token); })) {
        text += hint;
        return true;
      }
      matcher.rollback(matcher.accepted() - before);
    }
    return false;
  }

  // One of the mask's tokens, of those that `among` has where it is not empty.
  std::optional<TokenId> draw(const std::vector<bool>& among) {
    allowed_.clear();
    for (std::size_t word = 0; word < mask_.words().size(); ++word) {
      for (std::uint64_t bits = mask_.words()[word]; bits != 0; bits &= bits - 1) {
        const std::size_t id = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        if (among.empty() || among[id]) allowed_.push_back(static_cast<TokenId>(id));
      }
    }
    if (allowed_.empty()) return std::nullopt;
    return allowed_[random_() % allowed_.size()];
  }

  TriePtr trie_;
  TokenReadings& readings_;
  TokenMask mask_;
  TokenId letter_ = 0;  // stands alone inside texts only
  std::mt19937_64 random_{seed};
  std::vector<bool> closes_;
  std::vector<bool> quotes_;
  std::vector<bool> calm_;
  std::vector<bool> solid_;  // not blanks alone
  std::vector<TokenId> allowed_;
};

class Oracle {
 public:
  Oracle(const espalier::text::Tokenizer& tokenizer, const TriePtr& trie)
      : trie_(trie), readings_(tokenizer, trie, seed), walker_(trie, readings_) {}

  nlohmann::json answer(JsonValue request) {
    espalier::guide::SchemaOptions options;
    if (request.get_bool("annotate")) options.format = espalier::guide::FormatPolicy::annotate;
    GuidePtr guide;
    try {
      guide = Guide::of_schema(request.get("schema"), options);
    } catch (const espalier::UnsupportedGuide& fault) {
      return {{"refused", fault.what()}};
    } catch (const espalier::InvalidSchema& fault) {
      return {{"refused", fault.what()}};
    }
    std::vector<std::string> hints;
    for (const std::string_view hint : request.get_strings("hints")) {
      hints.push_back(readings_.encodable(std::string(hint)));
    }
    auto walks = nlohmann::json::array();
    std::size_t unfinished = 0;
    for (std::size_t i = request.get_size("walks"); i > 0; --i) {
      if (auto text = walker_.walk(guide, hints)) {
        walks.push_back(*text);
      } else {
        ++unfinished;
      }
    }
    auto verdicts = nlohmann::json::array();
    for (const std::string_view text : request.get_strings("texts")) {
      verdicts.push_back(verdict(guide, readings_.encodable(std::string(text))));
    }
    return {{"walks", walks}, {"unfinished", unfinished}, {"verdicts", verdicts}};
  }

 private:
  nlohmann::json verdict(const GuidePtr& guide, const std::string& text) {
    const bool own = accepts(guide, readings_.own(text));
    for (int i = 0; i < 2; ++i) {
      if (accepts(guide, readings_.random(text)) != own) return nullptr;
    }
    return own;
  }

  bool accepts(const GuidePtr& guide, const std::vector<TokenId>& tokens) {
    Matcher matcher(guide, trie_);
    return std::ranges::all_of(tokens, [&](TokenId token) { return matcher.accept(token); }) &&
           matcher.accept(trie_->end_tokens().front());
  }

  TriePtr trie_;
  TokenReadings readings_;
  Walker walker_;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: guide_oracle FOLDER\n";
    return 2;
  }
  const espalier::text::Tokenizer tokenizer(
      espalier::text::read_tokenizer_folder(argv[1]).vocabulary);
  Oracle oracle(tokenizer, TokenTrie::of(tokenizer, {tokenizer.eos().value()}));
  constexpr espalier::base::JsonLimits limits{.depth = 300};
  for (std::string line; std::getline(std::cin, line);) {
    const auto request = JsonDocument::parse("request", line, limits);
    std::cout << oracle.answer(request.root()) << std::endl;
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << "guide_oracle: " << error.what() << '\n';
  return 1;
}
