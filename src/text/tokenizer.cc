#include "text/tokenizer.h"

#include <fmt/format.h>

#include <limits>
#include <mutex>
#include <utility>

#include "espalier/error.h"
#include "text/utf8.h"
#include "text/vocabulary_tables.h"
#include "text/word_cache.h"

namespace espalier::text {

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

  void encode_text(std::string_view text, Scratch& scratch, std::vector<TokenId>& out) const;

  // Calls on_text(piece) and on_special(match) for the parts of `text`, from left to right.
  template <class OnText, class OnSpecial>
  void split(std::string_view text, bool recognise_special, OnText&& on_text,
             OnSpecial&& on_special) const;
};

// What one call of encode works in.
struct Tokenizer::Scratch {
  WordCache words;
  Bpe::Workspace bpe;
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

void Tokenizer::Tables::encode_text(std::string_view text, Scratch& scratch,
                                    std::vector<TokenId>& out) const {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = lookup.pre_tokenizer.word_end(text, begin);
    if (end - begin > WordCache::longest_word) {
      lookup.bpe.encode(text.substr(begin, end - begin), scratch.bpe, out);
    } else {
      const WordCache::Key key = WordCache::key_of(text, begin, end);
      if (const WordCache::Entry* known = scratch.words.find(key)) {
        out.insert(out.end(), known->tokens.begin(), known->tokens.begin() + known->count);
      } else {
        const std::size_t before = out.size();
        lookup.bpe.encode(text.substr(begin, end - begin), scratch.bpe, out);
        scratch.words.keep(key, std::span(out).subspan(before));
      }
    }
    begin = end;
  }
}

template <class OnText, class OnSpecial>
void Tokenizer::Tables::split(std::string_view text, bool recognise_special, OnText&& on_text,
                              OnSpecial&& on_special) const {
  std::size_t begin = 0;
  if (recognise_special || lookup.has_user_defined) {
    std::size_t from = 0;
    while (const auto match = lookup.special.find(text, from)) {
      from = match->end;
      // A control token that must not be recognised is text, all of it.
      if (!recognise_special && text::is_special(lookup.kinds[match->token])) continue;
      if (match->begin > begin) on_text(begin, text.substr(begin, match->begin - begin));
      on_special(*match);
      begin = match->end;
    }
  }
  if (begin < text.size()) on_text(begin, text.substr(begin));
}

void Tokenizer::encode(std::string_view text, EncodeOptions options,
                       std::vector<TokenId>& out) const {
  if (text.size() >= std::numeric_limits<std::uint32_t>::max()) {
    throw InvalidArgument(
        fmt::format("a text of {} bytes is too long to encode in one call", text.size()));
  }
  if (options.add_bos) {
    const std::optional<TokenId> first = bos();
    if (!first) throw InvalidArgument("a BOS token is asked for, but the vocabulary names none");
    out.push_back(*first);
  }
  const ScratchPool::Lease scratch(*scratch_);
  tables_->split(
      text, options.recognise_special,
      [&](std::size_t, std::string_view piece) { tables_->encode_text(piece, *scratch, out); },
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
      text, options.recognise_special,
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
  std::string bytes;
  for (const TokenId id : ids) {
    if (is_special(id) && !options.include_special) continue;
    bytes += token_bytes(id);
  }
  std::string text;
  text.reserve(bytes.size());
  if (append_repaired(bytes, text) < bytes.size()) text += replacement_character;
  return text;
}

std::string_view Tokenizer::token_bytes(TokenId id) const {
  tables_->check(id);
  return tables_->lookup.token_bytes(id);
}

bool Tokenizer::is_special(TokenId id) const {
  tables_->check(id);
  return text::is_special(tables_->lookup.kinds[id]);
}

std::optional<TokenId> Tokenizer::find_special(std::string_view text) const noexcept {
  return tables_->lookup.special.exact(text);
}

std::size_t Tokenizer::vocabulary_size() const noexcept { return tables_->lookup.size(); }
std::optional<TokenId> Tokenizer::bos() const noexcept { return tables_->bos; }
std::optional<TokenId> Tokenizer::eos() const noexcept { return tables_->eos; }
std::optional<TokenId> Tokenizer::eot() const noexcept { return tables_->eot; }
std::optional<TokenId> Tokenizer::unknown() const noexcept { return tables_->unknown; }
std::optional<TokenId> Tokenizer::padding() const noexcept { return tables_->padding; }
bool Tokenizer::wants_bos() const noexcept { return tables_->wants_bos; }
bool Tokenizer::wants_eos() const noexcept { return tables_->wants_eos; }

}  // namespace espalier::text
