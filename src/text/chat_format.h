// How a model wants a conversation written down.
//
//   const ChatFormat format = ChatFormat::from_template(package.chat_template);
//   format.append_message(tokenizer, {"user", "Hello"}, "", ids);
//   format.append_generation_prompt(tokenizer, ids);
//
// Model files carry a Jinja program for this. It is not run: a program from a file is an attack
// surface, and it mixes what users say with the model's control tokens. Known formats are
// recognised in the template's text (chat_template.h), and what differs between models of one
// format (ChatML's default system prompt, Mistral's spaces) is read out of it. Two promises follow
// that a template cannot give:
//
//   - Roles and contents can never make a control token. Only the format's own markers do.
//   - Rendering only ever appends: the tokens of a conversation are a prefix of those of the longer
//     one, so a KV cache of the first serves the second.
//
// Where no content spells a control token, the tokens are those of the rendered template, but for
// what a template takes back later: Qwen 3's drops the thinking of earlier answers, and Mistral's
// newer ones move the instructions to the last message. Here both stay where they were.
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

// A format as data. Markers are control tokens.
//
//   chatml    <|im_start|>ROLE\nCONTENT<|im_end|>\n                            (OpenAI, 2023)
//   qwen      ChatML with Qwen's default system prompt; of an answer that is history, what stands
//             before </think> is left out
//   llama3    BOS, then <|start_header_id|>ROLE<|end_header_id|>\n\nCONTENT<|eot_id|>; white space
//             around the content is cut off
//   gemma     BOS, then <start_of_turn>ROLE\nCONTENT<end_of_turn>\n; the assistant is "model";
//             instructions go in front of the first content, a blank line between; content is cut
//   mistral   BOS, then "[INST] CONTENT [/INST]" from the user and "CONTENT" EOS from the
//             assistant; instructions as with gemma. [INST] is a control token in some
//             vocabularies and plain text in others
struct ChatStyle {
  enum class Family : unsigned char { chatml, llama3, gemma, mistral };
  std::string name;
  Family family = Family::chatml;
  bool starts_with_bos = false;
  bool trims = false;                 // white space around contents, as Python's str.strip does
  bool drops_thinking = false;        // of answers that are history
  std::string default_system_prompt;  // where a conversation has no system message
  std::string system_preamble;        // in front of every system message (Llama 3.1's dates)
  std::string instruction_begin = "[INST] ";  // mistral
  std::string instruction_end = " [/INST]";
  std::string answer_begin;    // mistral: in front of an assistant's content
  bool trims_answers = false;  // mistral
  std::string tools;           // whose way to call tools (tool_style.h); empty: its own
};

class ChatFormat {
 public:
  // The format that a model's template writes. Throws InvalidFile where it is none of the known
  // ones, naming the nearest one and what that has and this one lacks.
  static ChatFormat from_template(std::string_view jinja);

  // A known format: "chatml", "llama3", "gemma", "qwen" or "mistral". Throws InvalidArgument on
  // another name, listing the known ones.
  static ChatFormat named(std::string_view name);

  // "chatml, llama3, gemma, qwen, mistral"
  static std::string known_names();

  explicit ChatFormat(ChatStyle style) : style_(std::move(style)) {}

  const std::string& name() const noexcept { return style_.name; }
  // The name of the format whose tool style (tool_style.h) its models were taught.
  const std::string& tools() const noexcept {
    return style_.tools.empty() ? style_.name : style_.tools;
  }

  // Appends a message behind one of `previous_role`, which is empty for the first. In front of a
  // first message that is no system message goes the default system prompt. Throws InvalidFile
  // where the vocabulary lacks one of the format's markers.
  void append_message(const Tokenizer& tokenizer, const ChatMessage& message,
                      std::string_view previous_role, std::vector<TokenId>& ids) const;

  // Appends what makes the model answer. The last message must not be a system message: some
  // formats keep its turn open for the user's.
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
  std::string render_text(const Tokenizer& tokenizer, std::span<const ChatMessage> messages,
                          bool add_generation_prompt) const;

  // What goes in front of a conversation that has no system message; may be empty.
  const std::string& default_system_prompt() const noexcept { return style_.default_system_prompt; }

 private:
  // A part of a rendered conversation. A marker is one control token and text is none; a word is a
  // marker where the vocabulary has it, else text.
  struct Segment {
    enum class Kind : unsigned char { text, marker, word, bos, eos };
    Kind kind;
    std::string text;
  };
  using Segments = std::vector<Segment>;

  void render_message(const ChatMessage& message, std::string_view previous_role,
                      Segments& segments) const;
  void render_chatml(const ChatMessage& message, Segments& segments) const;
  void render_llama3(const ChatMessage& message, bool is_first, Segments& segments) const;
  void render_gemma(const ChatMessage& message, bool turn_is_open, Segments& segments) const;
  void render_mistral(const ChatMessage& message, bool turn_is_open, Segments& segments) const;
  void render_message_end(Segments& segments) const;
  void render_generation_prompt(Segments& segments) const;
  std::string cut(const std::string& content) const;
  TextPlace place_behind(const Tokenizer& tokenizer, std::string_view previous_role) const;

  static TokenId require(std::optional<TokenId> token, std::string_view what);
  static void encode(const Tokenizer& tokenizer, const Segments& segments, TextPlace place,
                     std::vector<TokenId>& ids);

  ChatStyle style_;
};

}  // namespace espalier::text
