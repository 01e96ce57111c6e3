// Which tokens may come next in text outside of documents, by the state of its automaton.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "guide/automaton.h"
#include "guide/string_masks.h"

namespace espalier::guide {

class TokenTrie;

// The tokens of one tree below one node.
struct TextMask {
  // A place within tokens, or in front of all, where a document may begin.
  struct Begin {
    TreePlace place;
    StateId state;
  };

  std::vector<std::uint64_t> text;   // a bit for each token that is all text; or
  std::vector<TokenId> text_tokens;  // those themselves, where the tree's root was not asked for
  std::vector<Begin> begins;

  std::size_t bytes() const noexcept;
};

// Those of one guide.
class TextMasks {
 public:
  explicit TextMasks(std::shared_ptr<const TokenTrie> trie) : trie_(std::move(trie)) {}

  // For text of which `state` has been read, between two characters.
  std::shared_ptr<const TextMask> of(Automaton& automaton, StateId state, TreePlace place);

 private:
  std::shared_ptr<const TextMask> make(Automaton& automaton, StateId state, TreePlace place) const;

  std::shared_ptr<const TokenTrie> trie_;
  std::unordered_map<TextPlace, std::shared_ptr<const TextMask>, TextPlaceHash> masks_;
  std::size_t bytes_ = 0;
};

}  // namespace espalier::guide
