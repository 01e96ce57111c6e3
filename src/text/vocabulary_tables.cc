#include "text/vocabulary_tables.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <unordered_map>
#include <utility>

#include "espalier/error.h"
#include "text/byte_level.h"
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

using IdsByToken = std::unordered_map<std::string_view, TokenId>;

IdsByToken number_tokens(const VocabularyData& data) {
  if (data.tokens.empty()) fail(data, "the vocabulary has no tokens");
  if (data.tokens.size() > static_cast<std::size_t>(std::numeric_limits<TokenId>::max())) {
    fail(data, "{} tokens are more than ids can number", data.tokens.size());
  }
  IdsByToken ids;
  ids.reserve(data.tokens.size());
  for (std::size_t id = 0; id < data.tokens.size(); ++id) {
    const auto [first, is_new] = ids.emplace(data.tokens[id], static_cast<TokenId>(id));
    if (!is_new) {
      fail(data, "tokens {} and {} are both '{}'", first->second, id, shown(data.tokens[id]));
    }
  }
  return ids;
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

PreTokenizer find_pre_tokenizer(const VocabularyData& data) {
  const std::optional<PreTokenizer> found = PreTokenizer::find(data.pre_tokenizer);
  if (!found) {
    fail(data, "pre-tokenizer '{}' is not known; known are {}", shown(data.pre_tokenizer),
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
Bpe start_bpe(const IdsByToken& ids, const std::vector<TokenKind>& kinds) {
  std::array<TokenId, 256> byte_tokens{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char value = static_cast<char>(byte);
    const auto found = ids.find(spell_bytes({&value, 1}));
    const bool is_text = found != ids.end() && !is_special(kinds[found->second]);
    byte_tokens[byte] = is_text ? found->second : Bpe::no_token;
  }
  return Bpe(byte_tokens);
}

void add_merges(const VocabularyData& data, const IdsByToken& ids,
                const std::vector<TokenKind>& kinds, Bpe& bpe) {
  // The highest rank means that there is no merge.
  if (data.merges.size() >= std::numeric_limits<std::uint32_t>::max()) {
    fail(data, "{} merges are more than ranks can number", data.merges.size());
  }
  std::string joined;
  for (std::size_t rank = 0; rank < data.merges.size(); ++rank) {
    const std::string_view merge = data.merges[rank];
    const std::size_t space = merge.find(' ');
    if (space == std::string_view::npos || space == 0 || space + 1 == merge.size() ||
        merge.find(' ', space + 1) != std::string_view::npos) {
      fail(data, "merge {} is '{}', not two tokens with one space between them", rank,
           shown(merge));
    }
    const std::string_view left = merge.substr(0, space);
    const std::string_view right = merge.substr(space + 1);
    joined.assign(left).append(right);
    const auto id_of = [&](std::string_view token) {
      const auto found = ids.find(token);
      if (found == ids.end()) {
        fail(data, "merge {} is '{}', but '{}' is not in the vocabulary", rank, shown(merge),
             shown(token));
      }
      return found->second;
    };
    const TokenId merged = id_of(joined);
    // Else a user's text could make a control token.
    if (is_special(kinds[merged])) {
      fail(data, "merge {} makes '{}', which is a special token", rank, shown(joined));
    }
    bpe.add_merge(id_of(left), id_of(right), static_cast<std::uint32_t>(rank), merged);
  }
}

void add_special(const VocabularyData& data, std::size_t id, SpecialTokens& special) {
  const std::string_view token = data.tokens[id];
  if (token.size() > SpecialTokens::longest_spelling) {
    fail(data, "special token {} is {} bytes long; the limit is {}", id, token.size(),
         SpecialTokens::longest_spelling);
  }
  // One without a spelling cannot be found in text; it is still an id.
  if (!token.empty()) special.add(token, static_cast<TokenId>(id));
}

}  // namespace

VocabularyTables make_tables(const VocabularyData& data) {
  const IdsByToken ids = number_tokens(data);
  std::vector<TokenKind> kinds = check_kinds(data);
  check_named_ids(data);

  VocabularyTables tables{.pre_tokenizer = find_pre_tokenizer(data),
                          .bpe = start_bpe(ids, kinds),
                          .missing_bytes = {},
                          .special = {},
                          .bytes = {},
                          .starts = {},
                          .kinds = {}};
  add_merges(data, ids, kinds, tables.bpe);
  tables.missing_bytes = tables.bpe.missing_bytes();
  tables.starts.reserve(data.tokens.size() + 1);
  for (std::size_t id = 0; id < data.tokens.size(); ++id) {
    tables.starts.push_back(tables.bytes.size());
    switch (kinds[id]) {
      case TokenKind::normal:
        tables.bytes += spelled_bytes(data.tokens[id]);
        break;
      case TokenKind::byte:
        tables.bytes += numbered_byte(data, id);
        break;
      case TokenKind::unused:
        tables.bytes += data.tokens[id];
        break;
      case TokenKind::user_defined:
        tables.has_user_defined = true;
        [[fallthrough]];
      case TokenKind::control:
      case TokenKind::unknown:
        tables.bytes += data.tokens[id];
        add_special(data, id, tables.special);
        break;
    }
  }
  tables.starts.push_back(tables.bytes.size());
  tables.kinds = std::move(kinds);
  return tables;
}

}  // namespace espalier::text
