#include "text/tokenizer_json_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/message_format.h"
#include "espalier/error.h"
#include "text/piece_merges.h"
#include "text/tokenizer_json_steps.h"

namespace espalier::text {
namespace {

using base::TokenId;
using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(const VocabularyData& data, std::string_view what) {
  throw InvalidFile(
      fmt::format("{}: {}, which no tokenizer.json that we write says", data.origin, what));
}

TokenKind kind_of(const VocabularyData& data, std::size_t id) {
  return data.kinds.empty() ? TokenKind::normal : data.kinds[id];
}

std::size_t tokens_in_use(const VocabularyData& data) {
  std::size_t used = data.tokens.size();
  while (used > 0 && kind_of(data, used - 1) == TokenKind::unused) --used;
  for (const auto& id : {data.bos, data.eos, data.eot, data.unknown, data.padding}) {
    if (id) used = std::max(used, static_cast<std::size_t>(*id) + 1);
  }
  return used;
}

// None is null, one itself.
Json sequence(std::string_view list, Json steps) {
  if (steps.empty()) return nullptr;
  if (steps.size() == 1) return steps.front();
  return {{"type", "Sequence"}, {std::string(list), std::move(steps)}};
}

Json rule_step(const TextRule& rule) {
  switch (rule.kind) {
    case TextRule::Kind::nfc:
      return {{"type", "NFC"}};
    case TextRule::Kind::nfkc:
      return {{"type", "NFKC"}};
    case TextRule::Kind::prepend:
      return {{"type", "Prepend"}, {"prepend", rule.to}};
    case TextRule::Kind::replace:
      return {{"type", "Replace"}, {"pattern", {{"String", rule.from}}}, {"content", rule.to}};
  }
  return nullptr;
}

Json normalizer(const VocabularyData& data) {
  Json steps = Json::array();
  for (const TextRule& rule : data.text_rules) steps.push_back(rule_step(rule));
  return sequence("normalizers", std::move(steps));
}

Json byte_level(bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", true},
          {"use_regex", use_regex}};
}

// ByteLevel splits as gpt2 by itself; other expressions come before it.
Json pre_tokenizer(const VocabularyData& data) {
  Json steps = Json::array();
  if (data.prefix) refuse(data, "it puts a prefix in front of texts");
  if (data.spelling == TokenSpelling::characters) {
    if (data.pre_tokenizer != "whole") refuse(data, "it splits texts before it merges characters");
    return nullptr;
  }
  std::string_view rest = data.pre_tokenizer;
  if (rest == "smollm") rest = "digits+gpt2";
  bool use_regex = false;
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find('+'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    use_regex = rest.empty() && (name == "gpt2" || name == "gpt-2");
    if (use_regex || name == "whole") continue;
    if (name == "digits" || name == "digit-runs") {
      steps.push_back({{"type", "Digits"}, {"individual_digits", name == "digits"}});
    } else if (const auto pattern = pattern_of_pre_tokenizer(name)) {
      steps.push_back({{"type", "Split"},
                       {"pattern", {{"Regex", *pattern}}},
                       {"behavior", "Isolated"},
                       {"invert", false}});
    } else {
      refuse(data, fmt::format("its pre-tokenizer is {}", base::quoted(name)));
    }
  }
  steps.push_back(byte_level(use_regex));
  return sequence("pretokenizers", std::move(steps));
}

Json post_processor(const VocabularyData& data) {
  if (!data.add_bos && !data.add_eos) return nullptr;
  Json single = Json::array(), pair = Json::array(), special = Json::object();
  const auto add_token = [&](bool wanted, const std::optional<TokenId>& id) {
    if (!wanted) return;
    const std::string& text = data.tokens[static_cast<std::size_t>(*id)];
    special[text] = {{"id", text}, {"ids", {*id}}, {"tokens", {text}}};
    single.push_back({{"SpecialToken", {{"id", text}, {"type_id", 0}}}});
  };
  add_token(data.add_bos, data.bos);
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  add_token(data.add_eos, data.eos);
  pair = single;
  for (Json piece : single) {
    Json& its = piece.begin().value();
    its["type_id"] = 1;
    if (piece.contains("Sequence")) its["id"] = "B";
    pair.push_back(std::move(piece));
  }
  return {{"type", "TemplateProcessing"},
          {"single", std::move(single)},
          {"pair", std::move(pair)},
          {"special_tokens", std::move(special)}};
}

Json decoder(const VocabularyData& data) {
  if (data.spelling == TokenSpelling::byte_level) return byte_level(true);
  if (data.decode.first_token_has_no_space) refuse(data, "its first token has no space");
  Json steps = Json::array();
  for (const TextRule& rule : data.decode.replace) steps.push_back(rule_step(rule));
  steps.push_back({{"type", "ByteFallback"}});
  steps.push_back({{"type", "Fuse"}});
  if (data.decode.strip_spaces != 0) {
    steps.push_back(
        {{"type", "Strip"}, {"content", " "}, {"start", data.decode.strip_spaces}, {"stop", 0}});
  }
  return sequence("decoders", std::move(steps));
}

Json added_tokens(const VocabularyData& data, std::size_t used) {
  Json list = Json::array();
  for (std::size_t id = 0; id < used; ++id) {
    const TokenKind kind = kind_of(data, id);
    if (kind == TokenKind::normal || kind == TokenKind::unused || kind == TokenKind::byte) continue;
    const auto rule =
        std::ranges::find(data.added, static_cast<TokenId>(id), &AddedTokenRule::token);
    const bool is_ruled = rule != data.added.end();
    list.push_back({{"id", id},
                    {"content", data.tokens[id]},
                    {"single_word", false},
                    {"lstrip", is_ruled && rule->strip_left},
                    {"rstrip", is_ruled && rule->strip_right},
                    {"normalized", is_ruled && rule->normalised},
                    {"special", kind != TokenKind::user_defined}});
  }
  return list;
}

// Not through the document: it would look for each token among all that are there.
std::string vocabulary_text(const VocabularyData& data, std::size_t used) {
  std::string text = "{";
  for (std::size_t id = 0; id < used; ++id) {
    text += fmt::format("{}{}:{}", id == 0 ? "" : ",", Json(data.tokens[id]).dump(), id);
  }
  return text + "}";
}

std::string merges_text(const VocabularyData& data) {
  std::string text = "[";
  const auto add = [&](const Json& merge) {
    if (text.size() > 1) text += ',';
    text += merge.dump();
  };
  for (const std::string& merge : data.merges) add(merge);
  // Pairs in brackets: a token may hold a space.
  for (const MergePair& pair : data.scores.empty() ? data.merge_pairs : merges_of_scores(data)) {
    add({data.tokens[static_cast<std::size_t>(pair.left)],
         data.tokens[static_cast<std::size_t>(pair.right)]});
  }
  return text + "]";
}

std::string model_text(const VocabularyData& data, std::size_t used) {
  const bool has_bytes = std::ranges::count(data.kinds, TokenKind::byte) > 0;
  if (has_bytes && data.spelling == TokenSpelling::byte_level) {
    refuse(data, "its tokens are spelled in bytes, and some stand for bytes by number");
  }
  Json model = {{"type", "BPE"},
                {"dropout", nullptr},
                {"unk_token", nullptr},
                {"continuing_subword_prefix", nullptr},
                {"end_of_word_suffix", nullptr},
                {"fuse_unk", data.use_unknown && data.fuse_unknown},
                {"byte_fallback", has_bytes},
                {"ignore_merges", data.whole_words}};
  if (data.use_unknown) model["unk_token"] = data.tokens[static_cast<std::size_t>(*data.unknown)];
  std::string text = model.dump();
  text.pop_back();
  return fmt::format("{},\"vocab\":{},\"merges\":{}}}", text, vocabulary_text(data, used),
                     merges_text(data));
}

}  // namespace

std::string write_tokenizer_json(const VocabularyData& data) {
  const std::size_t used = tokens_in_use(data);
  try {
    const Json root = {{"version", "1.0"},
                       {"truncation", nullptr},
                       {"padding", nullptr},
                       {"added_tokens", added_tokens(data, used)},
                       {"normalizer", normalizer(data)},
                       {"pre_tokenizer", pre_tokenizer(data)},
                       {"post_processor", post_processor(data)},
                       {"decoder", decoder(data)}};
    std::string text = root.dump();
    text.pop_back();
    return fmt::format("{},\"model\":{}}}\n", text, model_text(data, used));
  } catch (const Json::type_error&) {
    refuse(data, "a token of it is not UTF-8");
  }
}

}  // namespace espalier::text
