// Guides of text with the default model's own vocabulary: what the model could write under them, in
// any division into its tokens.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/model_package.h"
#include "framework/fixture_testing.h"
#include "guide/guide.h"
#include "guide/matcher.h"

namespace espalier {
namespace {

using base::TokenId;
using guide::Guide;
using guide::Matcher;
using guide::TokenMask;
using guide::TokenTrie;

const char* const tools = R"({"free": [{"trigger": "<tool_call>", "then": [{"regex": "\\n?"},
    {"schema": {"type": "object", "properties": {"name": {"enum": ["get_time", "get_weather"]},
     "hours": {"type": "integer", "minimum": 0, "maximum": 24}}, "required": ["name", "hours"],
     "additionalProperties": false}}, {"regex": "\\n?"}, "</tool_call>"]}], "most": 3})";

class GuidedVocabulary : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = framework::testing::no_real_model(); !reason.empty()) {
      GTEST_SKIP() << reason;
    }
    static const auto tokenizer = engine::load_tokenizer(framework::find_model());
    static const auto trie = TokenTrie::of(*tokenizer, {*tokenizer->eos()});
    trie_ = trie;
  }

  static std::shared_ptr<const Guide> grammar(const std::string& text) {
    return Guide::of_grammar(base::JsonDocument::parse("grammar", text).root(),
                             guide::answer_options);
  }

  // One of the tokens that a mask allows, the end token now and then where it is one of them.
  TokenId draw(const TokenMask& mask) {
    const TokenId end = trie_->end_tokens().front();
    if (mask.allows(end) && random_() % 4 == 0) return end;
    std::vector<TokenId> allowed;
    for (TokenId id = 0; static_cast<std::size_t>(id) < mask.size(); ++id) {
      if (mask.allows(id)) allowed.push_back(id);
    }
    if (allowed.empty()) return -1;
    return allowed[random_() % allowed.size()];
  }

  // The next token of a random division of the text.
  TokenId draw(std::string_view text) {
    const std::vector<TokenId> choices = trie_->beginnings(text);
    return choices.empty() ? -1 : choices[random_() % choices.size()];
  }

  bool accepts(const std::shared_ptr<const Guide>& guide, std::string_view text) {
    Matcher matcher(guide, trie_);
    while (!text.empty()) {
      const TokenId token = draw(text);
      if (!matcher.accept(token)) return false;
      text.remove_prefix(trie_->text(token).size());
    }
    return matcher.accept(trie_->end_tokens().front());
  }

  std::shared_ptr<const TokenTrie> trie_;
  std::mt19937 random_{5};
};

TEST_F(GuidedVocabulary, RandomWalksMatchTheirExpression) {
  for (const char* regex :
       {"[0-9]{4}-[0-9]{2}-[0-9]{2}", "(yes|no|maybe), because [a-z ,]{5,60}\\.",
        "\\w{1,6}@\\w{1,6}\\.(com|org)", "(?=.*[0-9])[a-z0-9]{3,12}", "#?[ -~]{0,20}",
        "(\\d+\\n){2,5}"}) {
    const auto guide = Guide::of_regex(regex);
    const std::regex other(regex);
    int finished = 0;
    for (int i = 0; i < 30; ++i) {
      Matcher matcher(guide, trie_);
      TokenMask mask(trie_->vocabulary_size());
      std::string text;
      for (int step = 0; step < 60 && !matcher.is_finished(); ++step) {
        matcher.mask(mask);
        const TokenId token = draw(mask);
        ASSERT_TRUE(matcher.accept(token)) << regex << " behind " << text;
        text += trie_->text(token);
      }
      if (!matcher.is_finished()) continue;
      ++finished;
      EXPECT_TRUE(std::regex_match(text, other)) << regex << ": " << text;
    }
    EXPECT_GT(finished, 10) << regex;
  }
}

// Whatever is drawn, a trigger in the answer is followed by a call.
TEST_F(GuidedVocabulary, EveryTriggerOfARandomWalkIsACall) {
  const auto guide = grammar(tools);
  const std::string trigger = "<tool_call>";
  const std::string pieces[] = {
      "<tool_call>", "<tool_call>\n{\"", "<tool_", "call>", "</tool_call>", " {}", "é", "<"};
  std::size_t calls = 0;
  for (int i = 0; i < 40; ++i) {
    Matcher matcher(guide, trie_);
    TokenMask mask(trie_->vocabulary_size());
    std::string text;
    std::string wish;  // what the walk tries to write
    for (int step = 0; step < 80 && !matcher.is_finished(); ++step) {
      if (wish.empty() && random_() % 3 == 0) wish = pieces[random_() % std::size(pieces)];
      TokenId token = wish.empty() ? -1 : draw(wish);
      const bool wished = matcher.accept(token);
      if (wished) {
        wish.erase(0, trie_->text(token).size());
      } else {
        wish.clear();
        matcher.mask(mask);
        token = draw(mask);
        ASSERT_TRUE(matcher.accept(token)) << text;
      }
      text += trie_->text(token);
    }
    if (!matcher.is_finished()) continue;
    for (std::size_t at = text.find(trigger); at != std::string::npos;
         at = text.find(trigger, at + 1)) {
      ++calls;
      const std::size_t begin = at + trigger.size();
      const std::size_t end = text.find("</tool_call>", begin);
      ASSERT_NE(end, std::string::npos) << text;
      const auto call = base::JsonDocument::parse("call", text.substr(begin, end - begin));
      EXPECT_EQ(call.root().size(), 2U) << text;
      EXPECT_TRUE(call.root().get_string("name").starts_with("get_")) << text;
      EXPECT_LE(call.root().get_size("hours"), 24U) << text;
    }
  }
  EXPECT_GT(calls, 10U);
}

TEST_F(GuidedVocabulary, AnyDivisionIntoTokensIsAccepted) {
  const auto guide = grammar(tools);
  const std::string call = R"(<tool_call>
{"hours":7,"name":"get_weather"}
</tool_call>)";
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(accepts(guide, "Let me see.\n" + call + "Hm <tool_cal> " + call));
    EXPECT_FALSE(accepts(guide, "Let me see. <tool_call> and so on"));
    EXPECT_TRUE(accepts(Guide::of_regex("[a-z]+ (é|ß)*🐲\\n"), "unbelievable éßé🐲\n"));
    EXPECT_TRUE(accepts(Guide::of_choices(std::vector<std::string>{"internationally", "inter"}),
                        "internationally"));
  }
}

TEST_F(GuidedVocabulary, MasksAreWhatEachTokenAloneWouldBe) {
  const auto guide = grammar(tools);
  const std::string text = "I <tool<tool_call>{\"hours\":7,\"name\":\"get_time\"}</tool_call> O";
  std::string_view rest = text;
  Matcher matcher(guide, trie_);
  TokenMask mask(trie_->vocabulary_size());
  while (!rest.empty()) {
    matcher.mask(mask);
    for (TokenId id = 0; static_cast<std::size_t>(id) < mask.size(); ++id) {
      Matcher copy = matcher;
      ASSERT_EQ(mask.allows(id), copy.accept(id)) << id << " before " << rest;
    }
    const TokenId token = draw(rest);
    ASSERT_TRUE(matcher.accept(token));
    rest.remove_prefix(trie_->text(token).size());
  }
}

}  // namespace
}  // namespace espalier
