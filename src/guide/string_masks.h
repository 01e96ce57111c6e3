// Which tokens may come next inside a text (a string or key), by the state of its automaton: the
// largest question that a mask asks, and the same for every place of every document where the state
// is the same.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "guide/automaton.h"
#include "guide/guide_options.h"
#include "guide/term_rest.h"
#include "guide/token_tails.h"

namespace espalier::guide {

class TokenTrie;

// The tokens of one tree below one node, read from inside a text.
struct StringMask {
  // Tokens that end it, by what they hold behind the end.
  class Ends {
   public:
    struct End {
      TailId tail;
      TokenId token;
      TextTree::NodeIndex quote;  // the node of StringMask::tree whose byte is the end
    };

    Ends() = default;
    Ends(std::span<const End> ends, std::size_t tails);

    bool empty() const noexcept { return tokens_.empty(); }
    std::size_t bytes() const noexcept {
      return groups_.size() * sizeof(Group) +
             tokens_.size() * (sizeof(TokenId) + sizeof(TextTree::NodeIndex));
    }

    // Visits (tail, tokens, their quotes) for those of `tails`, which ascend.
    template <class Visit>
    void each(std::span<const TailId> tails, const Visit& visit) const {
      auto group = groups_.begin();
      for (const TailId tail : tails) {
        group = std::ranges::lower_bound(group, groups_.end(), tail, {}, &Group::tail);
        if (group == groups_.end()) return;
        if (group->tail != tail) continue;
        visit(tail, std::span(tokens_).subspan(group->begin, group->size),
              std::span(quotes_).subspan(group->begin, group->size));
      }
    }

   private:
    struct Group {
      TailId tail;
      std::uint32_t begin;  // of its tokens
      std::uint32_t size;
    };

    std::vector<Group> groups_;  // ascending by tail
    std::vector<TokenId> tokens_;
    std::vector<TextTree::NodeIndex> quotes_;
  };

  std::vector<std::uint64_t> inside;   // a bit for each token that does not end the text; or
  std::vector<TokenId> inside_tokens;  // those themselves, where the tree's root was not asked for
  const TextTree* tree = nullptr;      // in which the others were looked for
  Ends ends;
  Ends escaped_ends;  // those with an escape before the end

  std::size_t bytes() const noexcept;
};

// Of texts of `least` to `most` characters, whatever they are: as far as tokens can tell.
struct FreeText {
  std::uint32_t least = 0;
  std::uint32_t most = unbounded;
  bool operator==(const FreeText&) const = default;
};

// Where a token is read: from a node of a tree.
struct TreePlace {
  const TailedTree* tree = nullptr;
  TextTree::NodeIndex node = TextTree::root;
  bool operator==(const TreePlace&) const = default;
};

// What masks of texts are remembered by.
struct TextPlace {
  StateId state;
  TreePlace place;
  bool operator==(const TextPlace&) const = default;
};
struct TextPlaceHash {
  std::size_t operator()(const TextPlace& key) const noexcept;
};

// Those of free texts, which every guide needs: made once for a vocabulary.
class FreeStringMasks {
 public:
  std::shared_ptr<const StringMask> of(const TokenTrie& trie, TreePlace place, FreeText text,
                                       Writing writing) const;

 private:
  struct Key {
    TreePlace place;
    FreeText text;
    Writing writing;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };

  mutable std::mutex mutex_;
  mutable std::unordered_map<Key, std::shared_ptr<const StringMask>, KeyHash> masks_;
  mutable std::size_t bytes_ = 0;
};

// Those of one guide.
class StringMasks {
 public:
  StringMasks(std::shared_ptr<const TokenTrie> trie, Writing writing)
      : trie_(std::move(trie)), writing_(writing) {}

  // For a text of which `state` has been read, between two characters.
  std::shared_ptr<const StringMask> of(Automaton& automaton, StateId state, TreePlace place);

 private:
  StateId without_length(Automaton& automaton, StateId state);
  std::shared_ptr<const StringMask> make(Automaton& automaton, StateId state,
                                         TreePlace place) const;

  std::shared_ptr<const TokenTrie> trie_;
  Writing writing_;
  std::unordered_map<TextPlace, std::shared_ptr<const StringMask>, TextPlaceHash> masks_;
  std::size_t bytes_ = 0;
  TermRests term_rests_;
};

}  // namespace espalier::guide
