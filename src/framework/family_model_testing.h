// For tests: a tiny model of each family whose models call tools. Its vocabulary has the family's
// markers, as the kinds of token that they are there, and its chat template is what tells the
// family; the weights are a parity fixture's.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "base/temporary_folder_testing.h"
#include "framework/engine_access.h"
#include "text/tokenizer_config.h"
#include "text/tokenizer_json_writer.h"
#include "text/vocabulary_testing.h"

namespace espalier::framework::testing {

struct Family {
  std::string name;
  std::string chat_format;  // that its template is read as
  std::string tool_style;
  std::string weights;  // a folder of tests/parity/fixtures
  std::string chat_template;
  std::vector<std::string> ends;  // tokens, as its generation_config.json has them
  text::VocabularyData vocabulary;

  friend void PrintTo(const Family& family, std::ostream* out) { *out << family.name; }
};

inline void add_tokens(text::VocabularyData& data, text::TokenKind kind,
                       std::initializer_list<const char*> texts) {
  data.tokens.insert(data.tokens.end(), texts.begin(), texts.end());
  data.kinds.resize(data.tokens.size(), kind);
  while (!data.scores.empty() && data.scores.size() < data.tokens.size()) {
    data.scores.push_back(data.scores.back() - 1);
  }
}

// Tags are plain text, as in Hermes 2 Pro; here one token has the first of them, which the
// tokenizer would not choose.
inline Family hermes_family() {
  return {.name = "Hermes",
          .chat_format = "chatml",
          .tool_style = "chatml",
          .weights = "qwen3_f32",
          .chat_template =
              "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + "
              "message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
              "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
          .ends = {"<|im_end|>"},
          .vocabulary = text::vocabulary_of_words({"<tool_call>"}, "smollm")};
}

// Tags are tokens that a text may have.
inline text::VocabularyData qwen_vocabulary() {
  text::VocabularyData data = text::vocabulary_of_words({}, "qwen2");
  data.text_rules = {{text::TextRule::Kind::nfc, "", ""}};
  add_tokens(data, text::TokenKind::user_defined,
             {"<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"});
  return data;
}

inline Family qwen2_family() {
  return {.name = "Qwen2",
          .chat_format = "chatml",
          .tool_style = "qwen",
          .weights = "qwen2_bias",
          .chat_template =
              "{% if tools %}{{ '<|im_start|>system\\n# Tools\\n\\nYou may call one or more "
              "functions' }}{{ '<|im_start|>user\\n<tool_response>\\n' }}{% else %}"
              "{{ '<|im_start|>system\\nYou are Qwen.<|im_end|>\\n' }}{% endif %}"
              "{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}"
              "{{ '<|im_start|>assistant\\n' }}",
          .ends = {"<|im_end|>", "<|endoftext|>"},
          .vocabulary = qwen_vocabulary()};
}

inline Family qwen3_family() {
  return {.name = "Qwen3",
          .chat_format = "qwen",
          .tool_style = "qwen",
          .weights = "qwen3_f32",
          .chat_template =
              "{{ content.split('</think>')[-1].lstrip('\\n') }}"
              "{{ '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}"
              "{{ '<|im_start|>assistant\\n' }}",
          .ends = {"<|im_end|>", "<|endoftext|>"},
          .vocabulary = qwen_vocabulary()};
}

// As of 3.1, with the tokens of its own tools: one begins a call of a program, one ends an answer
// that waits for what a call gives.
inline Family llama3_family() {
  text::VocabularyData data = text::vocabulary_of_words({"{\"name\": "}, "llama-bpe");
  data.whole_words = true;
  data.add_bos = true;
  data.tokens[0] = "<|end_of_text|>";
  data.tokens[1] = "<|begin_of_text|>";
  data.tokens[2] = "<|eot_id|>";
  data.unknown.reset();
  add_tokens(data, text::TokenKind::control,
             {"<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|python_tag|>"});
  return {
      .name = "Llama3",
      .chat_format = "llama3",
      .tool_style = "llama3",
      .weights = "llama3_scaled",
      .chat_template =
          "{{ bos_token }}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' "
          "+ message['content'] | trim + '<|eot_id|>' }}"
          "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}",
      .ends = {"<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"},
      .vocabulary = std::move(data)};
}

// Characters, in SentencePiece's manner, without a space in front of texts.
inline Family gemma_family() {
  text::VocabularyData data = text::sentence_piece_of_words({"{\"n"});
  data.tokens[1] = "<bos>";
  data.tokens[2] = "<eos>";
  std::erase_if(data.text_rules, [](const text::TextRule& rule) {
    return rule.kind == text::TextRule::Kind::prepend;
  });
  data.decode.strip_spaces = 0;
  add_tokens(data, text::TokenKind::control, {"<start_of_turn>", "<end_of_turn>"});
  return {
      .name = "Gemma",
      .chat_format = "gemma",
      .tool_style = "gemma",
      .weights = "gemma3_window",
      .chat_template =
          "{{ bos_token }}{{ '<start_of_turn>' + role + '\\n' + prefix }}"
          "{{ message['content'] | trim }}{{ '<end_of_turn>\\n' }}{{ '<start_of_turn>model\\n' }}",
      .ends = {"<eos>", "<end_of_turn>"},
      .vocabulary = std::move(data)};
}

// The same with a space in front; [INST] is a token, as since version 3 of its tokenizer.
inline Family mistral_family() {
  text::VocabularyData data = text::sentence_piece_of_words({"{\"n"});
  add_tokens(data, text::TokenKind::control, {"[INST]", "[/INST]", "[TOOL_CALLS]"});
  return {.name = "Mistral",
          .chat_format = "mistral",
          .tool_style = "mistral",
          .weights = "mistral_window",
          .chat_template =
              "{{ bos_token }}{{ '[INST] ' + prefix + message['content'] + ' [/INST]' }}"
              "{{ message['content'] + eos_token }}",
          .ends = {"</s>"},
          .vocabulary = std::move(data)};
}

inline std::vector<Family> all_families() {
  return {hermes_family(), qwen2_family(), qwen3_family(),
          llama3_family(), gemma_family(), mistral_family()};
}

// The family's model as a Hugging Face folder.
class FamilyModel {
 public:
  explicit FamilyModel(const Family& family) {
    const std::filesystem::path weights = "tests/parity/fixtures/" + family.weights;
    for (const auto& file : std::filesystem::directory_iterator(weights)) {
      if (file.path().filename().string().starts_with("model")) {
        std::filesystem::copy(file.path(), folder_.path());
      }
    }
    // Tokens are bytes: what tells a model of tools fills the fixtures' own context.
    std::string config = read(weights / "config.json");
    const std::string context = "\"max_position_embeddings\": 1024";
    config.replace(config.find(context), context.size(), "\"max_position_embeddings\": 16384");
    folder_.write("config.json", config);
    folder_.write("generation_config.json",
                  fmt::format(R"({{"eos_token_id":[{}]}})", fmt::join(ids_of_ends(family), ",")));
    folder_.write("tokenizer.json", text::write_tokenizer_json(family.vocabulary));
    folder_.write("tokenizer_config.json",
                  text::write_tokenizer_config(family.vocabulary, family.chat_template, 16384));
  }

  SystemLanguageModel open() const { return EngineAccess::open(folder_.path(), {.threads = 1}); }

 private:
  static std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::vector<std::ptrdiff_t> ids_of_ends(const Family& family) {
    const std::vector<std::string>& tokens = family.vocabulary.tokens;
    std::vector<std::ptrdiff_t> ids;
    for (const std::string& end : family.ends) {
      ids.push_back(std::ranges::find(tokens, end) - tokens.begin());
    }
    return ids;
  }

  base::testing::TemporaryFolder folder_;
};

}  // namespace espalier::framework::testing
