#include "engine/gguf_vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/message_format.h"
#include "espalier/error.h"
#include "text/chat_markers.h"
#include "text/piece_merges.h"
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
void set_byte_level_rules(std::string_view pre_tokenizer, text::VocabularyData& data) {
  data.pre_tokenizer = pre_tokenizer;
  data.whole_words =
      pre_tokenizer == "llama-bpe" || pre_tokenizer == "llama3" || pre_tokenizer == "llama-v3";
  if (pre_tokenizer == "qwen2") data.text_rules = {{TextRule::Kind::nfc, "", ""}};
}

void read_byte_level(const tensor::GgufMetadata& keys, text::VocabularyData& data) {
  const auto merges = keys.get_strings("tokenizer.ggml.merges");
  data.merges.assign(merges.begin(), merges.end());
  set_byte_level_rules(keys.get_string("tokenizer.ggml.pre"), data);
  const bool is_llama3 = data.whole_words;
  data.add_bos = keys.find_bool("tokenizer.ggml.add_bos_token").value_or(is_llama3 && data.bos);
}

// SentencePiece. Spaces are marks; where the model was trained so, one stands in front of every
// text and is taken away again when tokens become text.
void set_sentence_piece_rules(bool add_space_prefix, text::VocabularyData& data) {
  const std::string mark(text::space_mark);
  data.spelling = text::TokenSpelling::characters;
  data.pre_tokenizer = "whole";
  if (add_space_prefix) {
    data.text_rules.push_back({TextRule::Kind::prepend, "", mark});
    data.decode.strip_spaces = 1;
  }
  data.text_rules.push_back({TextRule::Kind::replace, " ", mark});
  data.decode.replace.push_back({TextRule::Kind::replace, mark, " "});
  data.use_unknown = true;
  data.fuse_unknown = true;
}

void read_sentence_piece(const tensor::GgufMetadata& keys, text::VocabularyData& data) {
  set_sentence_piece_rules(keys.find_bool("tokenizer.ggml.add_space_prefix").value_or(true), data);
  data.scores = keys.get_floats("tokenizer.ggml.scores");
  if (!data.unknown) data.unknown = 0;
  if (!data.bos) data.bos = 1;
  if (!data.eos) data.eos = 2;
  data.add_bos = keys.find_bool("tokenizer.ggml.add_bos_token").value_or(true);
}

[[noreturn]] void refuse(const text::VocabularyData& data, std::string_view what) {
  throw InvalidFile(fmt::format(
      "{}: {}, which no key of a GGUF file says; the tokens would be others", data.origin, what));
}

// Throws unless a reader that sets the rules of `said` does with texts what `data` does.
void require_rules(const text::VocabularyData& data, const text::VocabularyData& said) {
  if (data.text_rules != said.text_rules) refuse(data, "its normalizer is its own");
  if (data.prefix != said.prefix) refuse(data, "it puts a prefix in front of texts");
  if (data.whole_words != said.whole_words) refuse(data, "its ignore_merges is not the usual one");
  if (data.use_unknown != said.use_unknown) refuse(data, "its unk_token is not the usual one");
  if (data.use_unknown && data.fuse_unknown != said.fuse_unknown) {
    refuse(data, "its fuse_unk is not the usual one");
  }
  if (data.decode != said.decode) refuse(data, "its decoder is its own");
  for (const text::AddedTokenRule& rule : data.added) {
    refuse(data, fmt::format("the added token {} is normalized or strips white space",
                             base::quoted(data.tokens[static_cast<std::size_t>(rule.token)])));
  }
}

void write_byte_level(const text::VocabularyData& data, tensor::GgufKeys& keys) {
  // As llama.cpp spells them.
  constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"gpt2", "gpt-2"}, {"digits+gpt2", "smollm"}, {"llama-bpe", "llama-bpe"}, {"qwen2", "qwen2"}};
  const auto* name =
      std::ranges::find(names, data.pre_tokenizer, [](const auto& n) { return n.first; });
  if (name == std::end(names)) {
    refuse(data, fmt::format("its pre_tokenizer is {}", base::quoted(data.pre_tokenizer)));
  }
  text::VocabularyData said;
  set_byte_level_rules(name->second, said);
  require_rules(data, said);
  keys.add("tokenizer.ggml.model", "gpt2");
  keys.add("tokenizer.ggml.pre", name->second);
  std::vector<std::string> merges = data.merges;
  for (const text::MergePair& pair : data.merge_pairs) {
    merges.push_back(fmt::format("{} {}", data.tokens[static_cast<std::size_t>(pair.left)],
                                 data.tokens[static_cast<std::size_t>(pair.right)]));
  }
  keys.add("tokenizer.ggml.merges", std::span<const std::string>(merges));
}

void write_sentence_piece(const text::VocabularyData& data, std::size_t rows,
                          tensor::GgufKeys& keys) {
  const bool prefix =
      !data.text_rules.empty() && data.text_rules.front().kind == TextRule::Kind::prepend;
  text::VocabularyData said;
  set_sentence_piece_rules(prefix, said);
  if (data.pre_tokenizer != said.pre_tokenizer) refuse(data, "its pre_tokenizer splits texts");
  require_rules(data, said);
  std::vector<float> scores = data.scores.empty() ? text::scores_of_merges(data) : data.scores;
  scores.resize(rows, 0);
  keys.add("tokenizer.ggml.model", "llama");
  keys.add("tokenizer.ggml.pre", "default");
  keys.add("tokenizer.ggml.scores", std::span<const float>(scores));
  keys.add("tokenizer.ggml.add_space_prefix", prefix);
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

void write_vocabulary(const text::VocabularyData& data, std::size_t rows, tensor::GgufKeys& keys) {
  std::vector<std::string> tokens = data.tokens;
  std::vector<std::int32_t> kinds;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    const auto kind = data.kinds.empty() ? text::TokenKind::normal : data.kinds[id];
    const bool is_unknown = data.use_unknown && data.unknown == static_cast<TokenId>(id);
    kinds.push_back(static_cast<std::int32_t>(is_unknown ? text::TokenKind::unknown : kind));
  }
  while (tokens.size() < rows) {
    tokens.push_back(fmt::format("[PAD{}]", tokens.size()));
    kinds.push_back(static_cast<std::int32_t>(text::TokenKind::unused));
  }
  if (data.spelling == text::TokenSpelling::byte_level) {
    write_byte_level(data, keys);
  } else {
    write_sentence_piece(data, rows, keys);
  }
  keys.add("tokenizer.ggml.tokens", std::span<const std::string>(tokens));
  keys.add("tokenizer.ggml.token_type", std::span<const std::int32_t>(kinds));
  const std::pair<std::string_view, std::optional<TokenId>> named[] = {{"bos", data.bos},
                                                                       {"eos", data.eos},
                                                                       {"eot", data.eot},
                                                                       {"unknown", data.unknown},
                                                                       {"padding", data.padding}};
  for (const auto& [what, id] : named) {
    if (!id) continue;
    keys.add(fmt::format("tokenizer.ggml.{}_token_id", what), static_cast<std::uint32_t>(*id));
  }
  keys.add("tokenizer.ggml.add_bos_token", data.add_bos);
  keys.add("tokenizer.ggml.add_eos_token", data.add_eos);
}

}  // namespace espalier::engine
