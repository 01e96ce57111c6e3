// From bytes to tokens: which tokens of a vocabulary can be read from a place of an answer, and
// what reading one leads to. The two agree on every token.
#pragma once

#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "guide/guide.h"
#include "guide/token_mask.h"
#include "guide/token_trie.h"

namespace espalier::guide {

class MaskWalk {
 public:
  MaskWalk(Guide::Use& machine, std::shared_ptr<const TokenTrie> trie)
      : machine_(machine), trie_(std::move(trie)) {}

  // Allows the tokens whose bytes can be read from `at`.
  void allow(const Configuration& at, TokenMask& mask);

  // Adds to `behind` where `bytes` lead from `at`.
  void read(const Configuration& at, std::string_view bytes, Configurations& behind);

 private:
  // Ways to read the same bytes, which share a limit, and how often ways have been split off.
  struct Group {
    Configurations& ways;
    unsigned splits;
  };

  void allow_structure(const Configuration& at, TokenMask& mask);
  void below(TreePlace place, Group group, std::size_t level, TokenMask& mask);
  void below(TreePlace place, const ByteSet& bytes, Group group, std::size_t level,
             TokenMask& mask);
  void in_text(const Configuration& at, TreePlace place, unsigned splits, std::size_t level,
               TokenMask& mask);
  void in_raw_text(const Configuration& at, TreePlace place, unsigned splits, std::size_t level,
                   TokenMask& mask);
  void read(Group group, std::string_view bytes, Configurations& behind);
  std::vector<TailId> tails_behind(const Configuration& at, unsigned splits, std::size_t level);
  std::vector<TextTree::NodeIndex> barred_quotes(const Configuration& at, const TextTree& tree,
                                                 TextTree::NodeIndex from) const;
  bool reads(const Configuration& at, std::string_view bytes, unsigned splits);
  template <class Continue>
  void split(Group group, const Continue& go_on);
  bool is_free(const Configuration& at) const;
  void step_all(const Configurations& at, std::uint8_t byte, Configurations& next);

  Guide::Use& machine_;
  std::shared_ptr<const TokenTrie> trie_;
  std::deque<Configurations> levels_;  // of the walk: the ways at each depth
};

// Leaves one of each, and no more than a limit.
void keep_different(Configurations& ways);

}  // namespace espalier::guide
