#include "text/vocabulary_tables.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "espalier/error.h"
#include "text/byte_level.h"
#include "text/unicode_normalisation.h"
#include "text/utf8.h"

namespace espalier::text {
namespace {

using base::TokenId;

template <class... Values>
[[noreturn]] void fail(const VocabularyData& data, fmt::format_string<Values...> what,
                       Values&&... values) {
  throw InvalidFile(fmt::format("{}: {}", data.origin.empty() ? "vocabulary" : data.origin,
                                fmt::format(what, std::forward<Values>(values)...)));
}

// A token from a hostile file, fit for a line of an error message.
std::string shown(std::string_view token) {
  constexpr std::size_t longest = 60;
  constexpr char32_t first_behind_controls = 0xA0;  // a terminal obeys U+0080 to U+009F as well
  std::string text;
  std::string_view rest = token;
  while (!rest.empty() && token.size() - rest.size() < longest) {
    const Utf8Character character = first_character(rest);
    const bool plain = character.status == Utf8Status::valid &&
                       (character.code_point >= first_behind_controls ||
                        (character.code_point >= ' ' && character.code_point <= '~'));
    for (const char byte : rest.substr(0, character.size)) {
      if (plain) {
        text.push_back(byte);
      } else {
        text += fmt::format("\\x{:02X}", static_cast<unsigned char>(byte));
      }
    }
    rest.remove_prefix(character.size);
  }
  return rest.empty() ? text : text + "…";
}

// The tokens' texts as they stand in the file, and the way back from a text to its token.
struct Spelled {
  TokenTexts texts;
  TokenIndex ids;

  std::optional<TokenId> find(std::string_view token) const { return ids.find(texts, token); }
};

Spelled number_tokens(const VocabularyData& data) {
  if (data.tokens.empty()) fail(data, "the vocabulary has no tokens");
  // So that a slot of the index, and twice as many slots as tokens, can be numbered.
  constexpr std::size_t most_tokens = std::size_t{1} << 28;
  if (data.tokens.size() > most_tokens) {
    fail(data, "{} tokens are more than ids can number", data.tokens.size());
  }
  std::size_t bytes = 0;
  for (const std::string& token : data.tokens) bytes += token.size();
  if (bytes >= TokenTexts::most_bytes) {
    fail(data, "its tokens have {} bytes together; the limit is {}", bytes, TokenTexts::most_bytes);
  }
  Spelled spelled{.texts = {}, .ids = TokenIndex(data.tokens.size())};
  spelled.texts.reserve(data.tokens.size());
  for (std::size_t id = 0; id < data.tokens.size(); ++id) {
    spelled.texts.append(data.tokens[id]);
    const auto first = spelled.ids.insert(spelled.texts, static_cast<TokenId>(id));
    if (first) fail(data, "tokens {} and {} are both '{}'", *first, id, shown(data.tokens[id]));
  }
  return spelled;
}

std::vector<TokenKind> check_kinds(const VocabularyData& data) {
  if (data.kinds.empty()) return std::vector(data.tokens.size(), TokenKind::normal);
  if (data.kinds.size() != data.tokens.size()) {
    fail(data, "{} tokens, but {} token types", data.tokens.size(), data.kinds.size());
  }
  for (std::size_t id = 0; id < data.kinds.size(); ++id) {
    if (!token_kind(static_cast<std::int64_t>(data.kinds[id]))) {
      fail(data, "token {} has type {}; types are 1 to 6", id, static_cast<int>(data.kinds[id]));
    }
  }
  return data.kinds;
}

void check_named_ids(const VocabularyData& data) {
  const std::pair<std::string_view, const std::optional<TokenId>&> named[] = {
      {"BOS", data.bos},         {"EOS", data.eos},         {"end-of-turn", data.eot},
      {"unknown", data.unknown}, {"padding", data.padding},
  };
  for (const auto& [name, id] : named) {
    if (id && (*id < 0 || static_cast<std::size_t>(*id) >= data.tokens.size())) {
      fail(data, "the {} token is {}, but tokens are 0 to {}", name, *id, data.tokens.size() - 1);
    }
  }
  if (data.add_bos && !data.bos) fail(data, "asks for a BOS token, but names none");
  if (data.add_eos && !data.eos) fail(data, "asks for an EOS token, but names none");
}

PreTokenizer find_pre_tokenizer(const VocabularyData& data, std::string_view name) {
  const std::optional<PreTokenizer> found = PreTokenizer::find(name);
  if (!found) {
    fail(data, "pre-tokenizer '{}' is not known; known are {}", shown(name),
         PreTokenizer::known_names());
  }
  return *found;
}

// <0x0A>
char numbered_byte(const VocabularyData& data, std::size_t id) {
  const std::string_view token = data.tokens[id];
  unsigned value = 0;
  if (token.size() == 6 && token.starts_with("<0x") && token.ends_with('>')) {
    const char* end = token.data() + 5;
    if (std::from_chars(token.data() + 3, end, value, 16).ptr == end) {
      return static_cast<char>(value);
    }
  }
  fail(data, "token {} is of type byte, but '{}' is not like <0x0A>", id, shown(token));
}

// The tokens of single bytes. Special tokens are no text, so none of them spells a byte.
std::array<TokenId, 256> spelled_byte_tokens(const Spelled& spelled,
                                             const std::vector<TokenKind>& kinds) {
  std::array<TokenId, 256> byte_tokens{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char value = static_cast<char>(byte);
    const auto found = spelled.find(spell_bytes({&value, 1}));
    const bool is_text = found && !is_special(kinds[*found]);
    byte_tokens[byte] = is_text ? *found : Bpe::no_token;
  }
  return byte_tokens;
}

// <0x00> to <0xFF>, by their numbers.
std::array<TokenId, 256> numbered_byte_tokens(const VocabularyData& data,
                                              const std::vector<TokenKind>& kinds) {
  std::array<TokenId, 256> byte_tokens{};
  byte_tokens.fill(Bpe::no_token);
  for (std::size_t id = 0; id < kinds.size(); ++id) {
    if (kinds[id] != TokenKind::byte) continue;
    byte_tokens[static_cast<std::uint8_t>(numbered_byte(data, id))] = static_cast<TokenId>(id);
  }
  return byte_tokens;
}

Bpe::Unknown find_unknown(const VocabularyData& data) {
  if (!data.use_unknown) return {};
  if (!data.unknown) fail(data, "asks for an unknown token, but names none");
  return {*data.unknown, data.fuse_unknown};
}

// The two tokens that merge number `rank`, "left right", joins.
MergePair read_merge(const VocabularyData& data, const Spelled& spelled, std::size_t rank) {
  const std::string_view merge = data.merges[rank];
  const std::size_t space = merge.find(' ');
  if (space == std::string_view::npos || space == 0 || space + 1 == merge.size() ||
      merge.find(' ', space + 1) != std::string_view::npos) {
    fail(data, "merge {} is '{}', not two tokens with one space between them", rank, shown(merge));
  }
  const auto id_of = [&](std::string_view token) {
    const auto found = spelled.find(token);
    if (!found) {
      fail(data, "merge {} is '{}', but '{}' is not in the vocabulary", rank, shown(merge),
           shown(token));
    }
    return *found;
  };
  const std::string_view left = merge.substr(0, space);
  const std::string_view right = merge.substr(space + 1);
  return {id_of(left), id_of(right)};
}

MergeTable make_merges(const VocabularyData& data, const Spelled& spelled,
                       const std::vector<TokenKind>& kinds) {
  const bool pairs = !data.merge_pairs.empty();
  const std::size_t count = pairs ? data.merge_pairs.size() : data.merges.size();
  // The highest rank means that there is no merge.
  if (count >= MergeWorkspace::no_rank)
    fail(data, "{} merges are more than ranks can number", count);
  MergeTable table(count);
  std::string joined;
  for (std::size_t rank = 0; rank < count; ++rank) {
    const MergePair pair = pairs ? data.merge_pairs[rank] : read_merge(data, spelled, rank);
    for (const TokenId id : {pair.left, pair.right}) {
      if (id < 0 || static_cast<std::size_t>(id) >= data.tokens.size()) {
        fail(data, "merge {} names token {}, but tokens are 0 to {}", rank, id,
             data.tokens.size() - 1);
      }
    }
    joined.assign(data.tokens[pair.left]).append(data.tokens[pair.right]);
    const auto merged = spelled.find(joined);
    if (!merged) {
      fail(data, "merge {} is '{} {}', but '{}' is not in the vocabulary", rank,
           shown(data.tokens[pair.left]), shown(data.tokens[pair.right]), shown(joined));
    }
    // Else a user's text could make a control token.
    if (is_special(kinds[*merged])) {
      fail(data, "merge {} makes '{}', which is a special token", rank, shown(joined));
    }
    table.add(pair.left, pair.right, static_cast<std::uint32_t>(rank), *merged);
  }
  return table;
}

CharacterBpe make_character_bpe(const VocabularyData& data, const Spelled& spelled,
                                const std::vector<TokenKind>& kinds) {
  TokenIndex pieces(data.tokens.size());
  for (std::size_t id = 0; id < kinds.size(); ++id) {
    if (is_special(kinds[id]) || kinds[id] == TokenKind::byte || data.tokens[id].empty()) continue;
    pieces.insert(spelled.texts, static_cast<TokenId>(id));
  }
  CharacterBpe made(spelled.texts, std::move(pieces),
                    {numbered_byte_tokens(data, kinds), find_unknown(data)});
  if (data.scores.empty()) {
    made.merge_by_pairs(make_merges(data, spelled, kinds));
    return made;
  }
  if (data.scores.size() != data.tokens.size()) {
    fail(data, "{} tokens, but {} scores", data.tokens.size(), data.scores.size());
  }
  for (std::size_t id = 0; id < data.scores.size(); ++id) {
    if (std::isnan(data.scores[id])) fail(data, "the score of token {} is no number", id);
  }
  made.merge_by_scores(data.scores);
  return made;
}

// Words that are tokens, by their bytes. Only tokens in the byte alphabet can be met.
TokenIndex index_words(const VocabularyData& data, const VocabularyTables& tables) {
  TokenIndex words(data.tokens.size());
  for (std::size_t id = 0; id < data.tokens.size(); ++id) {
    const auto token = static_cast<TokenId>(id);
    if (tables.kinds[id] == TokenKind::normal &&
        spell_bytes(tables.bytes[token]) == data.tokens[id]) {
      words.insert(tables.bytes, token);
    }
  }
  return words;
}

using AddedRules = std::unordered_map<TokenId, AddedTokenRule>;

AddedRules rules_by_token(const VocabularyData& data) {
  AddedRules rules;
  for (const AddedTokenRule& rule : data.added) {
    if (rule.token < 0 || static_cast<std::size_t>(rule.token) >= data.tokens.size()) {
      fail(data, "a rule is for added token {}, but tokens are 0 to {}", rule.token,
           data.tokens.size() - 1);
    }
    rules.emplace(rule.token, rule);
  }
  return rules;
}

void add_special(const VocabularyData& data, const AddedRules& rules, std::size_t id,
                 VocabularyTables& tables) {
  std::string_view token = data.tokens[id];
  AddedTokenRule rule{.token = static_cast<TokenId>(id)};
  if (const auto found = rules.find(rule.token); found != rules.end()) rule = found->second;
  std::string buffer;
  if (rule.normalised) token = tables.text_rules.apply(token, TextPlace::start, buffer);
  if (token.size() > SpecialTokens::longest_spelling) {
    fail(data, "special token {} is {} bytes long; the limit is {}", id, token.size(),
         SpecialTokens::longest_spelling);
  }
  if (rule.strip_left || rule.strip_right) {
    tables.strips[rule.token] = {rule.strip_left, rule.strip_right};
  }
  // One without a spelling cannot be found in text; it is still an id.
  if (token.empty()) return;
  const bool after_rules = rule.normalised && !tables.text_rules.empty();
  (after_rules ? tables.normalised_special : tables.special).add(token, rule.token);
  tables.has_normalised_special = tables.has_normalised_special || after_rules;
  if (tables.kinds[id] == TokenKind::user_defined) tables.has_user_defined = true;
}

void check_rules(const VocabularyData& data) {
  for (const auto* rules : {&data.text_rules, &data.decode.replace}) {
    for (const TextRule& rule : *rules) {
      const bool normalises = rule.kind == TextRule::Kind::nfc || rule.kind == TextRule::Kind::nfkc;
      if (normalises && !can_normalise()) {
        fail(data, "its texts are in NFC or NFKC, and this build has no utf8proc to compute it");
      }
      if (rule.kind == TextRule::Kind::replace && rule.from.empty()) {
        fail(data, "a rule replaces nothing by '{}'", shown(rule.to));
      }
    }
  }
}

void add_bytes(const VocabularyData& data, std::size_t id, const TextRules& decode,
               VocabularyTables& tables) {
  std::string buffer;
  const TokenKind kind = tables.kinds[id];
  if (kind == TokenKind::byte) {
    const char byte = numbered_byte(data, id);
    tables.bytes.append({&byte, 1});
  } else if (kind == TokenKind::normal && data.spelling == TokenSpelling::byte_level) {
    tables.bytes.append(spelled_bytes(data.tokens[id]));
  } else {
    tables.bytes.append(decode.apply(data.tokens[id], TextPlace::start, buffer));
  }
}

}  // namespace

VocabularyTables make_tables(const VocabularyData& data) {
  const Spelled spelled = number_tokens(data);
  VocabularyTables tables;
  tables.kinds = check_kinds(data);
  check_named_ids(data);
  check_rules(data);
  tables.text_rules = TextRules(data.text_rules);
  tables.prefix = data.prefix;
  tables.decode = data.decode;
  tables.pre_tokenizer = find_pre_tokenizer(data, data.pre_tokenizer);

  const AddedRules added = rules_by_token(data);
  const TextRules decode(data.decode.replace);
  tables.bytes.reserve(data.tokens.size());
  for (std::size_t id = 0; id < data.tokens.size(); ++id) {
    add_bytes(data, id, decode, tables);
    const TokenKind kind = tables.kinds[id];
    if (kind != TokenKind::normal && kind != TokenKind::unused && kind != TokenKind::byte) {
      add_special(data, added, id, tables);
    }
  }

  tables.finds_whole_words = data.whole_words;
  if (data.spelling == TokenSpelling::byte_level) {
    if (!data.scores.empty()) fail(data, "scores are for tokens of characters, not of bytes");
    tables.bpe = Bpe(spelled_byte_tokens(spelled, tables.kinds),
                     make_merges(data, spelled, tables.kinds), find_unknown(data));
    tables.missing_bytes = tables.bpe.missing_bytes();
    if (data.whole_words) tables.whole_words = index_words(data, tables);
  } else {
    tables.characters = make_character_bpe(data, spelled, tables.kinds);
    tables.finds_words =
        data.pre_tokenizer == "whole" && !data.whole_words && tables.characters->find_words();
  }
  return tables;
}

}  // namespace espalier::text
