#include "text/tokenizer.h"

#include <fmt/format.h>

#include <limits>
#include <mutex>
#include <utility>

#include "espalier/error.h"
#include "text/stream_decoder.h"
#include "text/unicode_classes.h"
#include "text/utf8.h"
#include "text/vocabulary_tables.h"
#include "text/word_cache.h"

namespace espalier::text {
namespace {

bool is_space(std::string_view character) noexcept {
  const Utf8Character read = first_character(character);
  return read.status == Utf8Status::valid && read.code_point <= last_classified_character &&
         (character_classes()[read.code_point] & CharacterClass::space) != 0;
}

// Where the run of white space starts that ends at `end`, at `from` at the earliest.
std::size_t spaces_begin(std::string_view text, std::size_t from, std::size_t end) noexcept {
  for (std::size_t at = end; at > from;) {
    --at;
    if ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) continue;  // inside a character
    if (!is_space(text.substr(at, end - at))) return end;
    end = at;
  }
  return end;
}

std::size_t spaces_end(std::string_view text, std::size_t begin) noexcept {
  while (begin < text.size() && is_space(text.substr(begin))) {
    begin += first_character(text.substr(begin)).size;
  }
  return begin;
}

// Places in words are 32 bits.
void check_size(std::string_view text) {
  if (text.size() < std::numeric_limits<std::uint32_t>::max()) return;
  throw InvalidArgument(
      fmt::format("a text of {} bytes is too long to encode in one call", text.size()));
}

}  // namespace

struct Tokenizer::Tables {
  VocabularyTables lookup;
  std::optional<TokenId> bos, eos, eot, unknown, padding;
  bool wants_bos, wants_eos;

  void check(TokenId id) const {
    if (id < 0 || static_cast<std::size_t>(id) >= lookup.size()) {
      throw InvalidArgument(
          fmt::format("token {} does not exist: tokens are 0 to {}", id, lookup.size() - 1));
    }
  }

  // Appends the tokens of what is all text.
  void encode_text(std::string_view text, TextPlace place, Scratch& scratch,
                   std::vector<TokenId>& out) const;
  void encode_words(std::string_view text, Scratch& scratch, std::vector<TokenId>& out) const;
  void encode_word(std::string_view word, Scratch& scratch, std::vector<TokenId>& out) const;

  // Calls on_text(begin, piece) and on_special(match) for the parts of `text`, from left to right.
  template <class OnText, class OnSpecial>
  void split(const SpecialTokens& special, std::string_view text, bool recognise_special,
             OnText&& on_text, OnSpecial&& on_special) const;

  // `match`, widened by the white space that its token takes with it.
  SpecialTokens::Match widened(SpecialTokens::Match match, std::string_view text,
                               std::size_t from) const;
};

// What one call of encode works in.
struct Tokenizer::Scratch {
  WordCache words;
  MergeWorkspace merges;
  std::string rules;   // what text rules write to
  std::string prefix;  // a text with its prefix
  bool recognise_special = true;
};

// Scratches that no call is using. Each call has one to itself, so its cache needs no locks and
// stays warm for the next call; there are never more than there were calls at once.
class Tokenizer::ScratchPool {
 public:
  // Gives its scratch back when it dies.
  class Lease {
   public:
    explicit Lease(ScratchPool& pool) : pool_(pool), scratch_(pool.take()) {}
    ~Lease() { pool_.give_back(std::move(scratch_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Scratch& operator*() const noexcept { return *scratch_; }

   private:
    ScratchPool& pool_;
    std::unique_ptr<Scratch> scratch_;
  };

 private:
  std::unique_ptr<Scratch> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Scratch> scratch = std::move(idle_.back());
        idle_.pop_back();
        return scratch;
      }
      // So that giving back cannot fail.
      idle_.reserve(++made_);
    }
    return std::make_unique<Scratch>();
  }

  void give_back(std::unique_ptr<Scratch> scratch) noexcept {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(scratch));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Scratch>> idle_;
  std::size_t made_ = 0;
};

Tokenizer::Tokenizer(const VocabularyData& data)
    : tables_(std::make_unique<const Tables>(Tables{make_tables(data), data.bos, data.eos, data.eot,
                                                    data.unknown, data.padding, data.add_bos,
                                                    data.add_eos})),
      scratch_(std::make_unique<ScratchPool>()) {}

Tokenizer::~Tokenizer() = default;

void Tokenizer::Tables::encode_word(std::string_view word, Scratch& scratch,
                                    std::vector<TokenId>& out) const {
  if (lookup.finds_whole_words) {
    TokenId token = Bpe::no_token;
    if (lookup.characters) {
      token = lookup.characters->whole(word);
    } else if (lookup.whole_words) {
      token = lookup.whole_words->find(lookup.bytes, word).value_or(Bpe::no_token);
    }
    if (token != Bpe::no_token) {
      out.push_back(token);
      return;
    }
  }
  if (lookup.characters) {
    lookup.characters->encode(word, scratch.merges, out);
  } else {
    lookup.bpe.encode(word, scratch.merges, out);
  }
}

void Tokenizer::Tables::encode_words(std::string_view text, Scratch& scratch,
                                     std::vector<TokenId>& out) const {
  const auto on_word = [&](std::size_t begin, std::size_t end) {
    if (end - begin > WordCache::longest_word) {
      encode_word(text.substr(begin, end - begin), scratch, out);
      return;
    }
    const WordCache::Key key = WordCache::key_of(text, begin, end);
    if (const WordCache::Entry* known = scratch.words.find(key)) {
      out.insert(out.end(), known->tokens.begin(), known->tokens.begin() + known->count);
      return;
    }
    const std::size_t before = out.size();
    encode_word(text.substr(begin, end - begin), scratch, out);
    scratch.words.keep(key, std::span(out).subspan(before));
  };
  if (lookup.finds_words && lookup.characters) {
    lookup.characters->each_word(text, on_word);
  } else {
    lookup.pre_tokenizer.each_word(text, on_word);
  }
}

void Tokenizer::Tables::encode_text(std::string_view text, TextPlace place, Scratch& scratch,
                                    std::vector<TokenId>& out) const {
  text = lookup.text_rules.apply(text, place, scratch.rules);
  const auto encode_part = [&](std::size_t begin, std::string_view part) {
    const TextPlace here = begin == 0 ? place : TextPlace::after_token;
    const bool prefixed = lookup.prefix && here != TextPlace::inside &&
                          (here == TextPlace::start || !lookup.prefix->only_at_start) &&
                          !part.starts_with(lookup.prefix->text);
    if (prefixed) {
      scratch.prefix.assign(lookup.prefix->text).append(part);
      part = scratch.prefix;
    }
    check_size(part);  // the rules may have made it longer
    encode_words(part, scratch, out);
  };
  if (!lookup.has_normalised_special) {
    if (!text.empty()) encode_part(0, text);
    return;
  }
  split(lookup.normalised_special, text, scratch.recognise_special, encode_part,
        [&](const SpecialTokens::Match& match) { out.push_back(match.token); });
}

SpecialTokens::Match Tokenizer::Tables::widened(SpecialTokens::Match match, std::string_view text,
                                                std::size_t from) const {
  const auto found = lookup.strips.find(match.token);
  if (found == lookup.strips.end()) return match;
  if (found->second.left) match.begin = spaces_begin(text, from, match.begin);
  if (found->second.right) match.end = spaces_end(text, match.end);
  return match;
}

template <class OnText, class OnSpecial>
void Tokenizer::Tables::split(const SpecialTokens& special, std::string_view text,
                              bool recognise_special, OnText&& on_text,
                              OnSpecial&& on_special) const {
  std::size_t begin = 0;
  if (recognise_special || lookup.has_user_defined) {
    std::size_t from = 0;
    while (auto match = special.find(text, from)) {
      from = match->end;
      // A control token that must not be recognised is text, all of it.
      if (!recognise_special && text::is_special(lookup.kinds[match->token])) continue;
      // White space that the last token took may reach over this one's place.
      if (!lookup.strips.empty()) match = widened(*match, text, begin);
      if (match->begin > begin) on_text(begin, text.substr(begin, match->begin - begin));
      on_special(*match);
      begin = match->end;
    }
  }
  if (begin < text.size()) on_text(begin, text.substr(begin));
}

void Tokenizer::encode(std::string_view text, EncodeOptions options,
                       std::vector<TokenId>& out) const {
  check_size(text);
  if (options.add_bos) {
    const std::optional<TokenId> first = bos();
    if (!first) throw InvalidArgument("a BOS token is asked for, but the vocabulary names none");
    out.push_back(*first);
  }
  const ScratchPool::Lease scratch(*scratch_);
  (*scratch).recognise_special = options.recognise_special;
  tables_->split(
      tables_->lookup.special, text, options.recognise_special,
      [&](std::size_t begin, std::string_view piece) {
        const TextPlace place = begin == 0 ? options.place : TextPlace::after_token;
        tables_->encode_text(piece, place, *scratch, out);
      },
      [&](const SpecialTokens::Match& match) { out.push_back(match.token); });
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  std::vector<TokenId> ids;
  encode(text, options, ids);
  return ids;
}

std::vector<DroppedByte> Tokenizer::dropped_bytes(std::string_view text,
                                                  EncodeOptions options) const {
  std::vector<DroppedByte> dropped;
  if (missing_bytes().none()) return dropped;
  tables_->split(
      tables_->lookup.special, text, options.recognise_special,
      [&](std::size_t begin, std::string_view piece) {
        for (std::size_t i = 0; i < piece.size(); ++i) {
          const auto byte = static_cast<std::uint8_t>(piece[i]);
          if (missing_bytes()[byte]) dropped.push_back({begin + i, byte});
        }
      },
      [](const SpecialTokens::Match&) {});
  return dropped;
}

const std::bitset<256>& Tokenizer::missing_bytes() const noexcept {
  return tables_->lookup.missing_bytes;
}

std::string Tokenizer::decode(std::span<const TokenId> ids, DecodeOptions options) const {
  StreamDecoder decoder(*this, options);
  std::string text;
  for (const TokenId id : ids) decoder.push(id, text);
  text += decoder.finish();
  return text;
}

std::string Tokenizer::decode_bytes(std::span<const TokenId> ids, DecodeOptions options) const {
  TokenJoiner joiner(*this, options);
  std::string bytes;
  for (const TokenId id : ids) joiner.push(id, bytes);
  SpaceStripper(decode_rules().strip_spaces).strip(bytes, 0);
  return bytes;
}

bool Tokenizer::is_fallback_byte(TokenId id) const {
  tables_->check(id);
  return tables_->lookup.characters && tables_->lookup.kinds[id] == TokenKind::byte;
}

std::string_view Tokenizer::token_bytes(TokenId id) const {
  tables_->check(id);
  return tables_->lookup.token_bytes(id);
}

bool Tokenizer::is_special(TokenId id) const {
  tables_->check(id);
  return text::is_special(tables_->lookup.kinds[id]);
}

std::optional<TokenId> Tokenizer::find_special(std::string_view text) const {
  if (const auto found = tables_->lookup.special.exact(text)) return found;
  if (!tables_->lookup.has_normalised_special) return std::nullopt;
  std::string buffer;
  return tables_->lookup.normalised_special.exact(
      tables_->lookup.text_rules.apply(text, TextPlace::start, buffer));
}

const DecodeRules& Tokenizer::decode_rules() const noexcept { return tables_->lookup.decode; }

std::size_t Tokenizer::vocabulary_size() const noexcept { return tables_->lookup.size(); }
std::optional<TokenId> Tokenizer::bos() const noexcept { return tables_->bos; }
std::optional<TokenId> Tokenizer::eos() const noexcept { return tables_->eos; }
std::optional<TokenId> Tokenizer::eot() const noexcept { return tables_->eot; }
std::optional<TokenId> Tokenizer::unknown() const noexcept { return tables_->unknown; }
std::optional<TokenId> Tokenizer::padding() const noexcept { return tables_->padding; }
bool Tokenizer::wants_bos() const noexcept { return tables_->wants_bos; }
bool Tokenizer::wants_eos() const noexcept { return tables_->wants_eos; }

}  // namespace espalier::text
