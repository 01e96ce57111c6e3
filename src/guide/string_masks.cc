#include "guide/string_masks.h"

#include "guide/string_bytes.h"

namespace espalier::guide {
namespace {

constexpr std::size_t most_bytes = std::size_t{32} << 20;  // of all entries; then all are dropped

bool is_plain(std::uint8_t byte) {
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

}  // namespace

const StringMasks::Entry& StringMasks::of(Automaton& automaton, StateId state) {
  const auto known = entries_.find(state);
  if (known != entries_.end()) return known->second;
  const std::size_t entry_bytes = trie_->vocabulary_size() / 8 + 1;
  if (entries_.size() >= most_bytes / entry_bytes) entries_.clear();
  Entry entry = begin(automaton, state);
  walk(automaton, state, entry);
  return entries_.emplace(state, std::move(entry)).first->second;
}

// What a slice says of the state, and the trie of what must still be walked.
StringMasks::Entry StringMasks::begin(Automaton& automaton, StateId state) const {
  for (const TokenTrie::Slice& slice : trie_->slices()) {
    if (automaton.free_for(state, slice.characters, slice.longest)) {
      return {slice.mask, slice.others.get(), {}};
    }
  }
  return {std::vector<std::uint64_t>((trie_->vocabulary_size() + 63) / 64), trie_.get(), {}};
}

void StringMasks::walk(Automaton& automaton, StateId start, Entry& entry) const {
  struct Way {
    StateId state = 0;
    StringBytes bytes;
  };
  std::vector<Way> ways{{start, {}}};
  const auto nodes = entry.trie->nodes();
  for (std::size_t i = 0; i < nodes.size();) {
    const TokenTrie::Node& node = nodes[i];
    if (ways.size() < node.depth + 2U) ways.resize(node.depth + 2U);
    Way way = ways[node.depth];
    StringByte read = StringByte::character;
    char32_t character = node.byte;
    if (!way.bytes.between_characters() || !is_plain(node.byte)) {
      read = way.bytes.read(node.byte, writing_, [&](char32_t first, char32_t last) {
        return automaton.alive_through(way.state, first, last);
      });
      character = way.bytes.character();
    }
    if (read == StringByte::quote && automaton.accepts(way.state)) {
      entry.ends.push_back(static_cast<std::uint32_t>(i));
    }
    bool alive = read == StringByte::part;
    if (read == StringByte::character) {
      way = {automaton.next(way.state, character), {}};
      alive = automaton.alive(way.state);
    }
    if (!alive) {
      i = node.next;
      continue;
    }
    for (const TokenId token : entry.trie->tokens(i)) {
      const auto at = static_cast<std::size_t>(token);
      entry.inside[at / 64] |= std::uint64_t{1} << (at % 64);
    }
    ways[node.depth + 1U] = way;
    ++i;
  }
}

}  // namespace espalier::guide
