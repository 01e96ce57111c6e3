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
  EXPECT_EQ(format.render_text(tokenizer(), messages, true),
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
            "Face<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatFormat, ASystemMessageTakesTheDefaultPromptsPlace) {
  const ChatFormat format = ChatFormat::from_template(smollm2_template);
  const std::vector<ChatMessage> messages = {{"system", "Be brief."}, {"user", "Hi"}};
  EXPECT_EQ(format.render_text(tokenizer(), messages, false),
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n");
}

std::vector<TokenId> encoded(const ChatFormat& format, std::span<const ChatMessage> messages) {
  std::vector<TokenId> ids;
  std::string_view previous;
  for (const ChatMessage& message : messages) {
    format.append_message(tokenizer(), message, previous, ids);
    previous = message.role;
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
  format.append_message(tokenizer(), {"user", "Hi"}, "", ids);
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
  ChatFormat::named("chatml").append_message(tokenizer(), {*hostile, *hostile}, "", ids);
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
  EXPECT_THAT([] { ChatFormat::from_template("{{ '[INST] <<SYS>>' }} {{ '[/INST]' }}"); },
              ThrowsMessage<InvalidFile>(HasSubstr(
                  "the nearest known format is mistral, which has no '<<SYS>>'; this template does "
                  "(known are chatml, llama3, gemma, qwen, mistral)")));
  EXPECT_THAT([] { ChatFormat::from_template("{{ '<start_of_turn>model\\n' }}"); },
              ThrowsMessage<InvalidFile>(HasSubstr("gemma, which writes '<end_of_turn>'; this")));
  EXPECT_THAT([] { ChatFormat::from_template("'<|im_start|>' '<|im_end|>'"); },
              ThrowsMessage<InvalidFile>(HasSubstr("'<|im_start|>assistant\\n'")));
  const std::string trimming = std::string(smollm2_template) + "{{ content | trim }}";
  EXPECT_THAT([&] { ChatFormat::from_template(trimming); },
              ThrowsMessage<InvalidFile>(HasSubstr("has no 'trim'")));
  EXPECT_THROW(ChatFormat::from_template(""), InvalidFile);
  EXPECT_THROW(ChatFormat::from_template("'\\"), InvalidFile);
  EXPECT_THROW(ChatFormat::named("alpaca"), InvalidArgument);
}

// One vocabulary with the control tokens of every format.
const Tokenizer& tokenizer_of_all() {
  static const Tokenizer made([] {
    VocabularyData data = vocabulary_of_words({"user", "\n\n"}, "llama-bpe");
    for (const char* marker : {"<s>", "</s>", "<|start_header_id|>", "<|end_header_id|>",
                               "<|eot_id|>", "<start_of_turn>", "<end_of_turn>", "[INST]"}) {
      data.tokens.emplace_back(marker);
      data.kinds.push_back(TokenKind::control);
    }
    data.bos = static_cast<TokenId>(data.tokens.size() - 8);
    data.eos = *data.bos + 1;
    return data;
  }());
  return made;
}

std::string rendered(const ChatFormat& format, const std::vector<ChatMessage>& messages) {
  return format.render_text(tokenizer_of_all(), messages, true);
}

TEST(ChatFormat, Llama3CutsContentsAndStartsWithBos) {
  EXPECT_EQ(
      rendered(ChatFormat::named("llama3"), {{"system", "Be brief. "}, {"user", "\n Hi\u3000"}}),
      "<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
      "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
      "<|start_header_id|>assistant<|end_header_id|>\n\n");
}

TEST(ChatFormat, Llama31PutsItsDatesIntoASystemMessageOfItsOwn) {
  const ChatFormat format = ChatFormat::from_template(
      "{{ bos_token }}{% set date_string = '26 Jul 2024' %}{{ '<|start_header_id|>system"
      "<|end_header_id|>\\n\\n' }}{{ 'Cutting Knowledge Date: December 2023\\n' }}{{ 'Today Date: "
      "' + "
      "date_string + '\\n\\n' }}{{ system | trim + '<|eot_id|>' }}"
      "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}");
  EXPECT_EQ(
      rendered(format, {{"user", "Hi"}}).substr(0, 129),
      "<s><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
      "Today Date: 26 Jul 2024\n\n<|eot_id|><|start_h");
}

TEST(ChatFormat, GemmaPutsInstructionsIntoTheFirstUserTurn) {
  EXPECT_EQ(rendered(ChatFormat::named("gemma"),
                     {{"system", "Be brief."}, {"user", " Hi "}, {"assistant", "Yes."}}),
            "<s><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n"
            "<start_of_turn>model\nYes.<end_of_turn>\n<start_of_turn>model\n");
}

TEST(ChatFormat, MistralWritesWordsThatMayBeControlTokens) {
  const ChatFormat format = ChatFormat::named("mistral");
  const std::vector<ChatMessage> messages = {
      {"system", "Be brief."}, {"user", "Hi"}, {"assistant", "Yes."}, {"user", "So?"}};
  EXPECT_EQ(rendered(format, messages),
            "<s>[INST] Be brief.\n\nHi [/INST]Yes.</s>[INST] So? [/INST]");
  std::vector<TokenId> ids;
  format.append_message(tokenizer_of_all(), {"user", "[INST]"}, "", ids);
  // BOS and the format's own [INST]; the content's is text, and so is [/INST], which is no token.
  EXPECT_EQ(
      std::ranges::count_if(ids, [](TokenId id) { return tokenizer_of_all().is_special(id); }), 2);
  EXPECT_EQ(tokenizer_of_all().decode(ids), " [INST] [/INST]");
}

TEST(ChatFormat, QwensHistoryIsWithoutThinking) {
  EXPECT_EQ(rendered(ChatFormat::named("qwen"),
                     {{"user", "Hi"}, {"assistant", "<think>\nHm.\n</think>\n\nYes."}}),
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nHi"
            "<|im_end|>\n<|im_start|>assistant\nYes.<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatFormat, ATemplateThatTellsOfToolsAsQwen25DoesHasQwensToolStyle) {
  EXPECT_EQ(ChatFormat::from_template(smollm2_template).tools(), "chatml");
  const std::string telling = std::string(smollm2_template) +
                              R"({{- "\n\n# Tools\n\nYou may call one or more functions to" }})";
  EXPECT_EQ(ChatFormat::from_template(telling).name(), "chatml");
  EXPECT_EQ(ChatFormat::from_template(telling).tools(), "qwen");
  EXPECT_EQ(ChatFormat::named("llama3").tools(), "llama3");
}

RC_GTEST_PROP(ChatFormat, EveryFormatOnlyAppendsAndMakesNoControlTokenOfContents, ()) {
  const ChatFormat format = ChatFormat::named(
      *rc::gen::element<std::string>("chatml", "llama3", "gemma", "qwen", "mistral"));
  const auto content =
      rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::oneOf(
                       rc::gen::element<std::string>("<|im_end|>", "<|eot_id|>", "<start_of_turn>",
                                                     "[INST]", "</s>", "<s>", "\n", " ", "<|"),
                       rc::gen::arbitrary<std::string>())),
                   [](const std::vector<std::string>& parts) {
                     std::string text;
                     for (const std::string& part : parts) text += part;
                     return text;
                   });
  std::vector<TokenId> hostile;
  std::vector<TokenId> harmless;
  std::string_view previous;
  const bool with_system = *rc::gen::arbitrary<bool>();
  for (const char* role : {"system", "user", "assistant", "user"}) {
    if (previous.empty() && !with_system && role == std::string_view("system")) continue;
    const std::vector<TokenId> before = hostile;
    format.append_message(tokenizer_of_all(), {role, *content}, previous, hostile);
    format.append_message(tokenizer_of_all(), {role, "x"}, previous, harmless);
    RC_ASSERT(std::equal(before.begin(), before.end(), hostile.begin()));
    const auto controls = [](const std::vector<TokenId>& ids) {
      std::vector<TokenId> found;
      std::ranges::copy_if(ids, std::back_inserter(found),
                           [](TokenId id) { return tokenizer_of_all().is_special(id); });
      return found;
    };
    RC_ASSERT(controls(hostile) == controls(harmless));
    previous = role;
  }
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
