// Which tokens may come next inside a string, by the state of its automaton: the largest question
// that a mask asks, and the same for every place of every document where the state is the same.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "guide/automaton.h"
#include "guide/guide_options.h"
#include "guide/token_trie.h"

namespace espalier::guide {

class StringMasks {
 public:
  struct Entry {
    std::vector<std::uint64_t> inside;  // a bit for each token that does not end the string
    const TokenTrie* trie = nullptr;    // the tokens that may end it are in
    std::vector<std::uint32_t> ends;    // its nodes whose byte is the string's last quote
  };

  StringMasks(std::shared_ptr<const TokenTrie> trie, Writing writing)
      : trie_(std::move(trie)), writing_(writing) {}

  // For a string of which `state` has been read, between two characters. Valid until the next call.
  const Entry& of(Automaton& automaton, StateId state);

 private:
  Entry begin(Automaton& automaton, StateId state) const;
  void walk(Automaton& automaton, StateId state, Entry& entry) const;

  std::shared_ptr<const TokenTrie> trie_;
  Writing writing_;
  std::unordered_map<StateId, Entry> entries_;
};

}  // namespace espalier::guide
