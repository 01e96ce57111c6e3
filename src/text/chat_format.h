// How a model wants a conversation written down.
//
//   const ChatFormat format = ChatFormat::from_template(package.chat_template);
//   format.append_message(tokenizer, {"user", "Hello"}, 0, ids);
//   format.append_generation_prompt(tokenizer, ids);
//
// Model files carry a Jinja program for this. It is not run: a program from a file is an attack
// surface, and it mixes what users say with the model's control tokens. Known formats are
// recognised in the template's text, and what differs between models (ChatML's default system
// prompt) is read out of it. Two promises follow that a template cannot give:
//
//   - Roles and contents can never make a control token. Only the format's own markers do.
//   - Rendering only ever appends: the tokens of a conversation are a prefix of those of the longer
//     one, so a KV cache of the first serves the second.
//
// Where no content spells a control token, the tokens are those of the rendered template.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "text/tokenizer.h"

namespace espalier::text {

struct ChatMessage {
  std::string role;  // "system", "user", "assistant", …
  std::string content;
};

class ChatFormat {
 public:
  // The format that a model's template writes. Throws InvalidFile where it is none of the known
  // ones, saying what the nearest one has that this one lacks.
  static ChatFormat from_template(std::string_view jinja);

  // A known format without a default system prompt: "chatml". Throws InvalidArgument on another
  // name, listing the known ones.
  static ChatFormat named(std::string_view name);

  // Appends message number `index` of a conversation. In front of number 0, unless that is a system
  // message, goes the default system prompt. Throws InvalidFile where the vocabulary lacks one of
  // the format's markers.
  void append_message(const Tokenizer& tokenizer, const ChatMessage& message, std::size_t index,
                      std::vector<TokenId>& ids) const;

  // Appends what makes the model answer.
  void append_generation_prompt(const Tokenizer& tokenizer, std::vector<TokenId>& ids) const;

  // Appends to a generation prompt the answer that the model gave, its stop token left out, and the
  // message's end. The answer's own tokens go in, not its text's, so the conversation goes on just
  // where the KV cache stands: encoding the text again may join white space at its front with the
  // line's end before it, or find shorter tokens than the model chose.
  void append_answer(const Tokenizer& tokenizer, std::span<const TokenId> answer,
                     std::vector<TokenId>& ids) const;

  // Tokens that end an answer: the format's own, and the vocabulary's EOS and EOT.
  std::vector<TokenId> stop_tokens(const Tokenizer& tokenizer) const;

  // The conversation as the template renders it: to be read, not to be encoded.
  std::string render_text(std::span<const ChatMessage> messages, bool add_generation_prompt) const;

  // What goes in front of a conversation that has no system message; may be empty.
  const std::string& default_system_prompt() const noexcept { return default_system_prompt_; }

 private:
  // A part of a rendered conversation: a marker, which is one control token, or text, which is
  // none.
  struct Segment {
    bool is_marker;
    std::string text;
  };
  using Segments = std::vector<Segment>;

  void render_message(const ChatMessage& message, std::size_t index, Segments& segments) const;
  static void render_message_end(Segments& segments);
  static void render_generation_prompt(Segments& segments);
  static void encode(const Tokenizer& tokenizer, const Segments& segments,
                     std::vector<TokenId>& ids);

  std::string default_system_prompt_;
};

}  // namespace espalier::text
