#include "text/tokenizer_json.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/message_format.h"
#include "text/chat_markers.h"
#include "text/token_texts.h"
#include "text/tokenizer_json_steps.h"

namespace espalier::text {
namespace {

using base::JsonMember;
using base::JsonValue;
using base::TokenId;

// Twice what the largest known vocabulary has; longer tokens than this are no text.
constexpr std::size_t most_tokens = std::size_t{1} << 19;
constexpr std::size_t longest_token = 4096;

void check_token(const JsonValue& place, std::string_view token) {
  if (token.size() > longest_token) {
    place.fail(fmt::format("a token of {} bytes is too long; at most {} are supported",
                           token.size(), longest_token));
  }
}

// Tokens by id, of the vocabulary and of added_tokens. Every id from 0 up must have one.
class TokenList {
 public:
  TokenList(const JsonValue& vocab, const JsonValue* added, VocabularyData& data) : data_(data) {
    const std::size_t count = vocab.size() + (added == nullptr ? 0 : added->size());
    if (vocab.size() == 0) vocab.fail("the vocabulary has no tokens");
    if (count > most_tokens) {
      vocab.fail(fmt::format("{} tokens are too many; at most {} are supported",
                             base::grouped(count), base::grouped(most_tokens)));
    }
    limit_ = count;
    is_set_.resize(count);
    data_.tokens.resize(count);
    data_.kinds.resize(count, TokenKind::normal);
    for (const JsonMember member : vocab.members()) {
      check_token(member.value, member.key);
      const TokenId id = id_of(member.value);
      if (is_set_[id]) {
        member.value.fail(
            fmt::format("the id {} is that of {} already", id, base::quoted(data_.tokens[id])));
      }
      is_set_[id] = true;
      data_.tokens[id] = member.key;
    }
    if (added != nullptr) {
      for (const JsonValue token : added->elements()) add(token);
    }
    std::size_t used = count;
    while (!is_set_[used - 1]) --used;
    for (std::size_t id = 0; id < used; ++id) {
      if (!is_set_[id]) vocab.fail(fmt::format("no token has the id {}", id));
    }
    data_.tokens.resize(used);
    data_.kinds.resize(used);
  }

 private:
  TokenId id_of(const JsonValue& value) const {
    const auto id = value.as_integer<TokenId>();
    if (id < 0 || static_cast<std::size_t>(id) >= limit_) {
      value.fail(fmt::format("{} is no id: there are {} tokens", id, limit_));
    }
    return id;
  }

  void add(const JsonValue& token) {
    refuse_other_members(
        token, {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    const TokenId id = id_of(token.get("id"));
    const std::string_view content = token.get_string("content");
    check_token(token.get("content"), content);
    if (is_set_[id] && data_.tokens[id] != content) {
      token.get("id").fail(fmt::format("token {} is {} in the vocabulary, {} here", id,
                                       base::quoted(data_.tokens[id]), base::quoted(content)));
    }
    is_set_[id] = true;
    data_.tokens[id] = content;
    if (token.find_bool("single_word").value_or(false)) {
      token.get("single_word").fail("an added token that must be a whole word is not supported");
    }
    const bool special = token.find_bool("special").value_or(false);
    // Some files list a chat's markers as text that users may write, too.
    data_.kinds[id] =
        special || is_chat_marker(content) ? TokenKind::control : TokenKind::user_defined;
    const AddedTokenRule rule{.token = id,
                              .normalised = token.find_bool("normalized").value_or(!special),
                              .strip_left = token.find_bool("lstrip").value_or(false),
                              .strip_right = token.find_bool("rstrip").value_or(false)};
    if (rule.normalised || rule.strip_left || rule.strip_right) data_.added.push_back(rule);
  }

  VocabularyData& data_;
  std::size_t limit_ = 0;
  std::vector<bool> is_set_;
};

// <0x00> to <0xFF>
bool spells_byte(std::string_view token) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
  return token.size() == 6 && token.starts_with("<0x") && token.ends_with('>') &&
         is_digit(token[3]) && is_digit(token[4]);
}

void require_absent(const JsonValue& model, std::string_view key) {
  const auto member = model.find_set(key);
  if (!member || (member->is_string() && member->as_string().empty())) return;
  member->fail(fmt::format("{} is not supported", base::quoted(key)));
}

void read_merges(const JsonValue& merges, VocabularyData& data) {
  TokenTexts texts;
  TokenIndex ids(data.tokens.size());
  texts.reserve(data.tokens.size());
  for (std::size_t id = 0; id < data.tokens.size(); ++id) {
    texts.append(data.tokens[id]);
    ids.insert(texts, static_cast<TokenId>(id));
  }
  const auto id_of = [&](const JsonValue& merge, std::string_view token) {
    const auto found = ids.find(texts, token);
    if (!found) {
      merge.fail(fmt::format("it merges {}, which is not in the vocabulary", base::quoted(token)));
    }
    return *found;
  };
  data.merge_pairs.reserve(merges.size());
  for (const JsonValue merge : merges.elements()) {
    if (merge.is_array()) {
      if (merge.size() != 2) merge.fail("a merge of two tokens is expected");
      auto part = merge.elements().begin();
      const TokenId left = id_of(merge, (*part).as_string());
      ++part;
      data.merge_pairs.push_back({left, id_of(merge, (*part).as_string())});
      continue;
    }
    const std::string_view text = merge.as_string();
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
      merge.fail(
          fmt::format("{} is not two tokens with one space between them", base::quoted(text)));
    }
    const TokenId left = id_of(merge, text.substr(0, space));
    data.merge_pairs.push_back({left, id_of(merge, text.substr(space + 1))});
  }
}

void read_unknown(const JsonValue& model, VocabularyData& data) {
  const auto unknown = model.find_string("unk_token");
  if (!unknown) return;
  for (std::size_t id = 0; id < data.tokens.size(); ++id) {
    if (data.tokens[id] == *unknown) data.unknown = static_cast<TokenId>(id);
  }
  if (!data.unknown) {
    model.get("unk_token").fail(fmt::format("{} is not in the vocabulary", base::quoted(*unknown)));
  }
  data.use_unknown = true;
  data.fuse_unknown = model.find_bool("fuse_unk").value_or(false);
}

void read_model(const JsonValue& model, const JsonValue* added, VocabularyData& data) {
  if (const auto type = model.find_string("type"); type && *type != "BPE") {
    model.get("type").fail(
        fmt::format("a model of type {} is not supported; supported is: BPE", base::quoted(*type)));
  }
  refuse_other_members(
      model, {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
              "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"});
  if (model.find_double("dropout").value_or(0) != 0) {
    model.get("dropout").fail("dropout makes tokens random; null is expected");
  }
  require_absent(model, "continuing_subword_prefix");
  require_absent(model, "end_of_word_suffix");
  const TokenList list(model.get("vocab"), added, data);
  read_unknown(model, data);
  data.whole_words = model.find_bool("ignore_merges").value_or(false);
  if (model.find_bool("byte_fallback").value_or(false)) {
    for (std::size_t id = 0; id < data.tokens.size(); ++id) {
      const bool is_byte = spells_byte(data.tokens[id]);
      if (is_byte && data.kinds[id] == TokenKind::normal) data.kinds[id] = TokenKind::byte;
    }
  }
  read_merges(model.get("merges"), data);
}

}  // namespace

VocabularyData read_tokenizer_json(const base::JsonDocument& document) {
  const JsonValue root = document.root();
  refuse_other_members(root, {"version", "truncation", "padding", "added_tokens", "normalizer",
                              "pre_tokenizer", "post_processor", "decoder", "model"});
  VocabularyData data;
  data.origin = document.name();
  const auto added = root.find_set("added_tokens");
  read_model(root.get("model"), added ? &*added : nullptr, data);
  const auto read = [&](std::string_view key, void (*reader)(const JsonValue&, VocabularyData&)) {
    reader(root.get(key), data);
  };
  read("normalizer", read_normalizer);
  read("pre_tokenizer", read_pre_tokenizer);
  read("post_processor", read_post_processor);
  read("decoder", read_decoder);
  if (data.spelling == TokenSpelling::byte_level &&
      root.get("model").find_bool("byte_fallback").value_or(false)) {
    root.get("model")
        .get("byte_fallback")
        .fail("with a ByteLevel pre_tokenizer, false is expected");
  }
  return data;
}

}  // namespace espalier::text
