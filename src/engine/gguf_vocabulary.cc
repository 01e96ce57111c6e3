#include "engine/gguf_vocabulary.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/message_format.h"
#include "espalier/error.h"
#include "text/chat_markers.h"
#include "text/space_mark.h"

namespace espalier::engine {
namespace {

using base::TokenId;
using text::TextRule;

// Of tokens and merges each: twice what the largest known vocabulary has (gemma 3). A file of empty
// strings would cost six times its size; with this it costs its size and 64 MB at most.
constexpr std::uint64_t most_entries = 524'288;

void require_lists_of_a_sane_length(const tensor::GgufFile& file) {
  for (const std::string_view list : {"tokens", "token_type", "scores", "merges"}) {
    const std::string key = fmt::format("tokenizer.ggml.{}", list);
    const tensor::GgufValue* value = file.metadata().find(key);
    if (value == nullptr || value->type != tensor::GgufType::array) continue;  // refused when read
    if (value->count > most_entries) {
      throw InvalidFile(fmt::format("{}: {} has {} entries; at most {} are read", file.name(), key,
                                    base::grouped(value->count), base::grouped(most_entries)));
    }
  }
}

std::optional<TokenId> token_id(const tensor::GgufMetadata& keys, std::string_view what) {
  return keys.find_integer<TokenId>(fmt::format("tokenizer.ggml.{}_token_id", what));
}

void read_tokens(const tensor::GgufFile& file, text::VocabularyData& data) {
  const tensor::GgufMetadata& keys = file.metadata();
  const auto tokens = keys.get_strings("tokenizer.ggml.tokens");
  data.tokens.assign(tokens.begin(), tokens.end());
  const auto kinds = keys.find_ints("tokenizer.ggml.token_type");
  if (!kinds) return;
  data.kinds.reserve(kinds->size());
  for (const std::int64_t number : *kinds) {
    const auto kind = text::token_kind(number);
    if (!kind) {
      throw InvalidFile(fmt::format("{}: tokenizer.ggml.token_type holds {}; 1 to 6 was expected",
                                    file.name(), number));
    }
    data.kinds.push_back(*kind);
  }
  // Some converters write a chat's markers as text that users may write, too.
  for (std::size_t id = 0; id < data.kinds.size() && id < data.tokens.size(); ++id) {
    const bool is_text = data.kinds[id] == text::TokenKind::user_defined ||
                         data.kinds[id] == text::TokenKind::normal;
    if (is_text && text::is_chat_marker(data.tokens[id])) {
      data.kinds[id] = text::TokenKind::control;
    }
  }
}

// Byte-level BPE. A pre-tokeniser's name stands for all that comes with it in the tokenizer.json of
// its family.
void read_byte_level(const tensor::GgufMetadata& keys, text::VocabularyData& data) {
  const auto merges = keys.get_strings("tokenizer.ggml.merges");
  data.merges.assign(merges.begin(), merges.end());
  data.pre_tokenizer = keys.get_string("tokenizer.ggml.pre");
  const bool is_llama3 = data.pre_tokenizer == "llama-bpe" || data.pre_tokenizer == "llama3" ||
                         data.pre_tokenizer == "llama-v3";
  if (is_llama3) data.whole_words = true;
  if (data.pre_tokenizer == "qwen2") data.text_rules = {{TextRule::Kind::nfc, "", ""}};
  data.add_bos = keys.find_bool("tokenizer.ggml.add_bos_token").value_or(is_llama3 && data.bos);
}

// SentencePiece. Spaces are marks; where the model was trained so, one stands in front of every
// text and is taken away again when tokens become text.
void read_sentence_piece(const tensor::GgufMetadata& keys, text::VocabularyData& data) {
  const std::string mark(text::space_mark);
  data.spelling = text::TokenSpelling::characters;
  data.scores = keys.get_floats("tokenizer.ggml.scores");
  data.pre_tokenizer = "whole";
  if (keys.find_bool("tokenizer.ggml.add_space_prefix").value_or(true)) {
    data.text_rules.push_back({TextRule::Kind::prepend, "", mark});
    data.decode.strip_spaces = 1;
  }
  data.text_rules.push_back({TextRule::Kind::replace, " ", mark});
  data.decode.replace.push_back({TextRule::Kind::replace, mark, " "});
  if (!data.unknown) data.unknown = 0;
  if (!data.bos) data.bos = 1;
  if (!data.eos) data.eos = 2;
  data.use_unknown = true;
  data.fuse_unknown = true;
  data.add_bos = keys.find_bool("tokenizer.ggml.add_bos_token").value_or(true);
}

}  // namespace

text::VocabularyData read_vocabulary(const tensor::GgufFile& file) {
  require_lists_of_a_sane_length(file);
  const tensor::GgufMetadata& keys = file.metadata();
  text::VocabularyData data;
  data.origin = file.name();
  data.bos = token_id(keys, "bos");
  data.eos = token_id(keys, "eos");
  data.eot = token_id(keys, "eot");
  data.unknown = token_id(keys, "unknown");
  data.padding = token_id(keys, "padding");
  data.add_eos = keys.find_bool("tokenizer.ggml.add_eos_token").value_or(false);
  const std::string_view model = keys.get_string("tokenizer.ggml.model");
  read_tokens(file, data);
  if (model == "gpt2") {
    read_byte_level(keys, data);
  } else if (model == "llama") {
    read_sentence_piece(keys, data);
  } else {
    throw InvalidFile(
        fmt::format("{}: tokenizer.ggml.model is {}; supported are: gpt2 (byte-level BPE), llama "
                    "(SentencePiece)",
                    file.name(), base::quoted(model)));
  }
  return data;
}

}  // namespace espalier::engine
