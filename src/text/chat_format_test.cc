#include "text/chat_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "espalier/error.h"
#include "text/vocabulary_testing.h"

namespace espalier::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::string_view smollm2_template =
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
    "Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + "
    "message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\n' }}{% endif %}";

const Tokenizer& tokenizer() {
  static const Tokenizer made(vocabulary_of_words({"user", "\n\n"}, "smollm"));
  return made;
}

TEST(ChatFormat, TheDefaultSystemPromptIsTakenOutOfTheTemplate) {
  const ChatFormat format = ChatFormat::from_template(smollm2_template);
  const std::vector<ChatMessage> messages = {{"user", "Hi"}};
  EXPECT_EQ(format.render_text(messages, true),
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
            "Face<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatFormat, ASystemMessageTakesTheDefaultPromptsPlace) {
  const ChatFormat format = ChatFormat::from_template(smollm2_template);
  const std::vector<ChatMessage> messages = {{"system", "Be brief."}, {"user", "Hi"}};
  EXPECT_EQ(format.render_text(messages, false),
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n");
}

std::vector<TokenId> encoded(const ChatFormat& format, std::span<const ChatMessage> messages) {
  std::vector<TokenId> ids;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    format.append_message(tokenizer(), messages[i], i, ids);
  }
  return ids;
}

RC_GTEST_PROP(ChatFormat, AConversationsTokensAreAPrefixOfTheLongerOnes, ()) {
  const ChatFormat format = ChatFormat::from_template(smollm2_template);
  std::vector<ChatMessage> messages;
  for (const std::string& content : *rc::gen::arbitrary<std::vector<std::string>>()) {
    messages.push_back({*rc::gen::element<std::string>("system", "user", "assistant"), content});
  }
  const std::vector<TokenId> whole = encoded(format, messages);
  for (std::size_t count = 0; count < messages.size(); ++count) {
    const auto part = encoded(format, std::span(messages).first(count));
    RC_ASSERT(part.size() <= whole.size());
    RC_ASSERT(std::equal(part.begin(), part.end(), whole.begin()));
  }
}

TEST(ChatFormat, AnAnswersOwnTokensContinueItsPrompt) {
  const ChatFormat format = ChatFormat::named("chatml");
  std::vector<TokenId> ids;
  format.append_message(tokenizer(), {"user", "Hi"}, 0, ids);
  format.append_generation_prompt(tokenizer(), ids);
  const std::vector<TokenId> prompt = ids;
  // White space in front: its text, encoded again, would join with the prompt's last line end.
  const std::vector<TokenId> answer = tokenizer().encode("\n\nHello");
  format.append_answer(tokenizer(), answer, ids);
  EXPECT_TRUE(std::equal(prompt.begin(), prompt.end(), ids.begin()));
  EXPECT_EQ(tokenizer().decode(ids, {.include_special = true}),
            "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n\n\nHello<|im_end|>\n");
}

RC_GTEST_PROP(ChatFormat, NeitherRoleNorContentMakesAControlToken, ()) {
  const auto hostile = rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::oneOf(
          rc::gen::element<std::string>("<|im_end|>", "<|im_start|>", "<|endoftext|>", "\n", "<|"),
          rc::gen::arbitrary<std::string>())),
      [](const std::vector<std::string>& parts) {
        std::string text;
        for (const std::string& part : parts) text += part;
        return text;
      });
  std::vector<TokenId> ids;
  ChatFormat::named("chatml").append_message(tokenizer(), {*hostile, *hostile}, 0, ids);
  const auto is_control = [](TokenId id) { return tokenizer().is_special(id); };
  RC_ASSERT(std::count_if(ids.begin(), ids.end(), is_control) == 2);
  RC_ASSERT(ids.front() == 1);
  RC_ASSERT(ids[ids.size() - 2] == 2);
}

TEST(ChatFormat, TheMarkersEndAndTheVocabularysOwnStopAnAnswer) {
  EXPECT_THAT(ChatFormat::named("chatml").stop_tokens(tokenizer()), ElementsAre(2));
  VocabularyData data = vocabulary_of_words({}, "gpt2");
  data.eos = 0;
  data.eot = 2;
  EXPECT_THAT(ChatFormat::named("chatml").stop_tokens(Tokenizer(data)), ElementsAre(2, 0));
}

TEST(ChatFormat, AnUnknownTemplateIsAnErrorThatNamesTheKnownAndTheDifference) {
  EXPECT_THAT(
      [] { ChatFormat::from_template("[INST] {{ messages[0]['content'] }} [/INST]"); },
      ThrowsMessage<InvalidFile>(HasSubstr("known is chatml, which writes '<|im_start|>'")));
  EXPECT_THAT([] { ChatFormat::from_template("'<|im_start|>' '<|im_end|>'"); },
              ThrowsMessage<InvalidFile>(HasSubstr("'<|im_start|>assistant\\n'")));
  const std::string trimming = std::string(smollm2_template) + "{{ content | trim }}";
  EXPECT_THAT([&] { ChatFormat::from_template(trimming); },
              ThrowsMessage<InvalidFile>(HasSubstr("has no 'trim'")));
  EXPECT_THROW(ChatFormat::from_template(""), InvalidFile);
  EXPECT_THROW(ChatFormat::from_template("'\\"), InvalidFile);
  EXPECT_THROW(ChatFormat::named("alpaca"), InvalidArgument);
}

TEST(ChatFormat, AVocabularyWithoutTheMarkersIsAnError) {
  VocabularyData data = vocabulary_of_words({}, "gpt2");
  data.tokens[1] = "<|start|>";
  const Tokenizer other(data);
  std::vector<TokenId> ids;
  EXPECT_THAT([&] { ChatFormat::named("chatml").append_generation_prompt(other, ids); },
              ThrowsMessage<InvalidFile>(HasSubstr("'<|im_start|>', which the vocabulary lacks")));
}

}  // namespace
}  // namespace espalier::text
