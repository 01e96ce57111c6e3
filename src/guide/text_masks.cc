#include "guide/text_masks.h"

#include <algorithm>

#include "guide/string_bytes.h"
#include "guide/token_trie.h"

namespace espalier::guide {
namespace {

constexpr std::size_t most_bytes = std::size_t{32} << 20;  // of all masks; then all are dropped

class RawTextWalk {
 public:
  RawTextWalk(Automaton& automaton, TreePlace place, TextMask& mask)
      : automaton_(automaton), place_(place), mask_(mask) {}

  void from(StateId start) {
    const TextTree& tree = place_.tree->tree();
    const auto nodes = tree.nodes();
    const std::size_t top =
        place_.node == TextTree::root ? 0 : std::size_t{nodes[place_.node].depth} + 1;
    note_documents(place_.node, start);
    std::vector<Way> ways{{start, {}}};
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
  }

 private:
  struct Way {
    StateId state = 0;
    StringBytes bytes;
  };

  // Whether the text goes on behind the node.
  bool read(TextTree::NodeIndex node, Way& way) {
    const std::uint8_t byte = place_.tree->tree().nodes()[node].byte;
    const StringByte read = way.bytes.read_raw(byte, [&](char32_t first, char32_t last) {
      return automaton_.alive_through(way.state, first, last);
    });
    if (read != StringByte::character) return read == StringByte::part;
    way.state = automaton_.next(way.state, way.bytes.character());
    way.bytes = {};
    if (!automaton_.alive(way.state)) return false;
    note_documents(node, way.state);
    return true;
  }

  void note_documents(TextTree::NodeIndex node, StateId state) {
    if (!automaton_.documents(state).empty()) {
      mask_.begins.push_back({{place_.tree, node}, state});
    }
  }

  void allow(TokenId token) {
    if (mask_.text.empty()) {
      mask_.text_tokens.push_back(token);
    } else {
      const auto at = static_cast<std::size_t>(token);
      mask_.text[at / 64] |= std::uint64_t{1} << (at % 64);
    }
  }

  Automaton& automaton_;
  TreePlace place_;
  TextMask& mask_;
};

}  // namespace

std::size_t TextMask::bytes() const noexcept {
  return sizeof(*this) + text.size() * sizeof(text[0]) + text_tokens.size() * sizeof(TokenId) +
         begins.size() * sizeof(Begin);
}

std::shared_ptr<const TextMask> TextMasks::of(Automaton& automaton, StateId state,
                                              TreePlace place) {
  const TextPlace key{state, place};
  const auto known = masks_.find(key);
  if (known != masks_.end()) return known->second;
  auto mask = make(automaton, state, place);
  bytes_ += mask->bytes();
  if (bytes_ > most_bytes) {
    masks_.clear();
    bytes_ = mask->bytes();
  }
  masks_.emplace(key, mask);
  return mask;
}

// Of the whole vocabulary a slice may know the most. A document may begin within its tokens, too,
// but as text they are allowed already.
std::shared_ptr<const TextMask> TextMasks::make(Automaton& automaton, StateId state,
                                                TreePlace place) const {
  auto mask = std::make_shared<TextMask>();
  if (place.tree == &trie_->tree() && place.node == TextTree::root) {
    const auto slice = std::ranges::find_if(trie_->slices(), [&](const TokenTrie::Slice& each) {
      // What the alphabet lacks is in no token.
      const CodePoints characters = each.characters.common(automaton.alphabet());
      return automaton.free_for(state, characters, each.longest);
    });
    if (slice != trie_->slices().end()) {
      mask->text = slice->mask;
      place.tree = &slice->others;
    } else {
      mask->text.resize((trie_->vocabulary_size() + 63) / 64);
    }
  }
  RawTextWalk(automaton, place, *mask).from(state);
  return mask;
}

}  // namespace espalier::guide
