#include "guide/string_masks.h"

#include <algorithm>
#include <optional>

#include "guide/string_bytes.h"
#include "guide/token_trie.h"

namespace espalier::guide {
namespace {

constexpr std::size_t most_bytes = std::size_t{32} << 20;  // of all masks; then all are dropped

constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t value) noexcept {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15ULL;
  return hash ^ (hash >> 29);
}

std::uint64_t hash_of(TreePlace place) noexcept {
  return mix(reinterpret_cast<std::uintptr_t>(place.tree), place.node);
}

bool is_plain(std::uint8_t byte) {
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

// Texts as an automaton has them.
struct AutomatonTexts {
  using State = StateId;

  bool accepts(State state) const { return automaton.accepts(state); }
  State next(State state, char32_t character) const { return automaton.next(state, character); }
  bool alive(State state) const { return automaton.alive(state); }
  bool alive_through(State state, char32_t first, char32_t last) const {
    return automaton.alive_through(state, first, last);
  }

  Automaton& automaton;
};

// Texts that only their length bounds: what is left of it is the state.
struct FreeTexts {
  struct State {
    std::uint32_t least = 0;
    std::uint32_t most = unbounded;
    bool dead = false;
  };

  static bool accepts(State state) { return state.least == 0; }
  static State next(State state, char32_t) {
    if (state.most == 0) return {0, 0, true};
    return {state.least == 0 ? 0 : state.least - 1,
            state.most == unbounded ? unbounded : state.most - 1, false};
  }
  static bool alive(State state) { return !state.dead; }
  static bool alive_through(State state, char32_t first, char32_t last) {
    return state.most > 0 && (first < first_surrogate || last > last_surrogate);
  }
};

template <class Texts>
class TextWalk {
 public:
  TextWalk(const Texts& texts, TreePlace place, Writing writing, std::size_t tails,
           StringMask& mask)
      : texts_(texts), place_(place), writing_(writing), tails_(tails), mask_(mask) {}

  void from(typename Texts::State start) {
    const TextTree& tree = place_.tree->tree();
    const auto nodes = tree.nodes();
    const std::size_t top =
        place_.node == TextTree::root ? 0 : std::size_t{nodes[place_.node].depth} + 1;
    std::vector<Way> ways{{start, {}, false}};
    const TextTree::NodeIndex end = tree.end_below(place_.node);
    for (TextTree::NodeIndex i = tree.first_below(place_.node); i < end;) {
      const std::size_t depth = nodes[i].depth - top;
      if (ways.size() < depth + 2) ways.resize(depth + 2);
      Way& way = ways[depth + 1];
      way = ways[depth];
      if (!read(i, way)) {
        i = nodes[i].next;
        continue;
      }
      for (const TokenId token : tree.tokens(i)) allow(token);
      ++i;
    }
    mask_.tree = &place_.tree->tree();
    mask_.ends = StringMask::Ends(ends_, tails_);
    mask_.escaped_ends = StringMask::Ends(escaped_ends_, tails_);
  }

 private:
  struct Way {
    typename Texts::State state{};
    StringBytes bytes;
    bool escaped = false;
  };

  // Whether the text goes on behind the node.
  bool read(TextTree::NodeIndex node, Way& way) {
    const std::uint8_t byte = place_.tree->tree().nodes()[node].byte;
    if (way.bytes.between_characters()) {
      if (is_plain(byte)) return read_character(byte, way);
      if (byte == '"') {
        if (texts_.accepts(way.state)) end(node, way.escaped);
        return false;
      }
      way.escaped = way.escaped || byte == '\\';
    }
    const StringByte read = way.bytes.read(byte, writing_, [&](char32_t first, char32_t last) {
      return texts_.alive_through(way.state, first, last);
    });
    if (read == StringByte::character) {
      const char32_t character = way.bytes.character();
      way.bytes = {};
      return read_character(character, way);
    }
    return read == StringByte::part;
  }

  bool read_character(char32_t character, Way& way) {
    way.state = texts_.next(way.state, character);
    return texts_.alive(way.state);
  }

  void end(TextTree::NodeIndex node, bool escaped) {
    auto& ends = escaped ? escaped_ends_ : ends_;
    place_.tree->behind_quote(
        node, [&](TokenId token, TailId tail) { ends.push_back({tail, token, node}); });
  }

  void allow(TokenId token) {
    if (mask_.inside.empty()) {
      mask_.inside_tokens.push_back(token);
    } else {
      const auto at = static_cast<std::size_t>(token);
      mask_.inside[at / 64] |= std::uint64_t{1} << (at % 64);
    }
  }

  const Texts& texts_;
  TreePlace place_;
  Writing writing_;
  std::size_t tails_;
  StringMask& mask_;
  std::vector<StringMask::Ends::End> ends_;
  std::vector<StringMask::Ends::End> escaped_ends_;
};

// The mask before the walk, and where it must walk still: all, or what no slice of the vocabulary
// knows.
template <class IsFree>
StringMask begin(const TokenTrie& trie, TreePlace& place, const IsFree& is_free) {
  StringMask mask;
  if (place.tree != &trie.tree() || place.node != TextTree::root) return mask;
  const auto slice = std::ranges::find_if(trie.slices(), is_free);
  if (slice != trie.slices().end()) {
    place.tree = &slice->others;
    mask.inside = slice->mask;
  } else {
    mask.inside.resize((trie.vocabulary_size() + 63) / 64);
  }
  return mask;
}

// What is left of a text of which only the length matters.
std::optional<FreeText> free_text(const TermPool& terms, TermId id) {
  if (id == TermPool::everything) return FreeText{};
  if (id == TermPool::epsilon) return FreeText{0, 0};
  const auto any_character = [&](const Term& term) {
    return term.kind == TermKind::set && terms.points(term) == CodePoints::all();
  };
  const Term& term = terms[id];
  if (any_character(term)) return FreeText{1, 1};
  if (term.kind == TermKind::repeat && any_character(terms[term.first])) {
    return FreeText{term.least, term.most};
  }
  if (term.kind != TermKind::both) return std::nullopt;
  FreeText all;
  for (const TermId part : terms.parts(term)) {
    const auto one = free_text(terms, part);
    if (!one) return std::nullopt;
    all = {std::max(all.least, one->least), std::min(all.most, one->most)};
  }
  if (all.least > all.most) return std::nullopt;
  return all;
}

}  // namespace

// By counting: a mask is made for each state that is met.
StringMask::Ends::Ends(std::span<const End> ends, std::size_t tails) {
  if (ends.empty()) return;
  std::vector<std::uint32_t> places(tails + 1);
  for (const End& end : ends) ++places[end.tail + 1];
  for (std::size_t tail = 0; tail < tails; ++tail) {
    const std::uint32_t size = places[tail + 1];
    places[tail + 1] += places[tail];
    if (size > 0) groups_.push_back({static_cast<TailId>(tail), places[tail], size});
  }
  tokens_.resize(ends.size());
  quotes_.resize(ends.size());
  for (const End& end : ends) {
    const std::uint32_t place = places[end.tail]++;
    tokens_[place] = end.token;
    quotes_[place] = end.quote;
  }
}

std::size_t StringMask::bytes() const noexcept {
  return sizeof(*this) + inside.size() * sizeof(inside[0]) +
         inside_tokens.size() * sizeof(TokenId) + ends.bytes() + escaped_ends.bytes();
}

std::size_t FreeStringMasks::KeyHash::operator()(const Key& key) const noexcept {
  const std::uint64_t lengths = std::uint64_t{key.text.least} << 32 | key.text.most;
  return mix(hash_of(key.place), lengths * 2 + static_cast<std::uint64_t>(key.writing));
}

std::size_t TextPlaceHash::operator()(const TextPlace& key) const noexcept {
  return mix(hash_of(key.place), key.state);
}

std::shared_ptr<const StringMask> FreeStringMasks::of(const TokenTrie& trie, TreePlace place,
                                                      FreeText text, Writing writing) const {
  // Beyond what one token can hold all lengths are alike.
  text.least = std::min(text.least, trie.longest() + 1);
  if (text.most > trie.longest()) text.most = unbounded;
  const std::scoped_lock lock(mutex_);
  std::shared_ptr<const StringMask>& known = masks_[{place, text, writing}];
  if (known) return known;
  TreePlace rest = place;
  auto mask = std::make_shared<StringMask>(
      begin(trie, rest, [&](const TokenTrie::Slice& slice) { return text.most >= slice.longest; }));
  TextWalk<FreeTexts>({}, rest, writing, trie.tails().texts().size(), *mask)
      .from({text.least, text.most});
  bytes_ += mask->bytes();
  if (bytes_ > most_bytes) {
    masks_.clear();
    bytes_ = 0;
    return mask;
  }
  return known = std::move(mask);
}

// A largest length that no token can come near, because all beginnings of the texts can be ended in
// less, says nothing of the next token: without it states are met again.
StateId StringMasks::without_length(Automaton& automaton, StateId state) {
  if (automaton.alphabet() != CodePoints::all()) return state;  // an end may not be spelt
  TermPool& terms = automaton.terms();
  const Term& term = terms[automaton.term(state)];
  if (term.kind != TermKind::both || term.second != 2) return state;
  const auto parts = terms.parts(term);
  for (const auto& [length, texts] :
       {std::pair(parts[0], parts[1]), std::pair(parts[1], parts[0])}) {
    const auto free = free_text(terms, length);
    if (!free || free->least > 0) continue;
    const std::uint32_t lacking = term_rests_.of(terms, texts).longest;
    if (lacking == unbounded || free->most < std::uint64_t{lacking} + trie_->longest()) continue;
    return automaton.start(texts);
  }
  return state;
}

std::shared_ptr<const StringMask> StringMasks::of(Automaton& automaton, StateId state,
                                                  TreePlace place) {
  const TextPlace key{without_length(automaton, state), place};
  const auto known = masks_.find(key);
  if (known != masks_.end()) return known->second;
  auto mask = make(automaton, key.state, place);
  bytes_ += mask->bytes();
  if (bytes_ > most_bytes) {
    masks_.clear();
    bytes_ = mask->bytes();
  }
  masks_.emplace(key, mask);
  return mask;
}

std::shared_ptr<const StringMask> StringMasks::make(Automaton& automaton, StateId state,
                                                    TreePlace place) const {
  if (const auto text = free_text(automaton.terms(), automaton.term(state))) {
    return trie_->free_string_masks().of(*trie_, place, *text, writing_);
  }
  auto mask = std::make_shared<StringMask>(begin(*trie_, place, [&](const TokenTrie::Slice& slice) {
    // What the alphabet lacks is in no token.
    const CodePoints characters = slice.characters.common(automaton.alphabet());
    return automaton.free_for(state, characters, slice.longest);
  }));
  const AutomatonTexts texts{automaton};
  TextWalk<AutomatonTexts>(texts, place, writing_, trie_->tails().texts().size(), *mask)
      .from(state);
  return mask;
}

}  // namespace espalier::guide
