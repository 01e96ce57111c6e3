#include "guide/mask_walk.h"

#include <algorithm>
#include <iterator>

#include "guide/utf32.h"

namespace espalier::guide {
namespace {

// Ways to read one document. More are let go: what they alone would have allowed is not, which
// keeps masks right and costs choice only.
constexpr std::size_t most_configurations = 256;

// Ways inside free texts are followed each by itself, where they are few and not for the third time
// within a token: so there is a bound to how many are followed.
constexpr std::size_t most_split = 16;
constexpr unsigned most_splits = 2;

// Below a node with fewer tokens each is read byte by byte.
constexpr std::size_t tokens_worth_a_mask = 8;

// With so many quotes behind a comma another key of the same object or item of the same array may
// have ended; or begun, where those that are there are counted even then.
std::uint32_t quotes_of_another(const Configuration& at) { return at.few ? 1 : 2; }

}  // namespace

void keep_different(Configurations& ways) {
  if (ways.size() < 2) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < ways.size() && kept < most_configurations; ++i) {
    const auto end = ways.begin() + static_cast<std::ptrdiff_t>(kept);
    if (std::find(ways.begin(), end, ways[i]) != end) continue;
    if (kept != i) ways[kept] = std::move(ways[i]);
    ++kept;
  }
  ways.resize(kept);
}

void MaskWalk::step_all(const Configurations& at, std::uint8_t byte, Configurations& next) {
  next.clear();
  for (const Configuration& each : at) machine_->step(each, byte, next);
  keep_different(next);
}

bool MaskWalk::is_free(const Configuration& at) const {
  return at.in_raw_text() || machine_->in_free_text(at, trie_->longest());
}

// Goes on with each way in a free text alone; the group keeps the others.
template <class Continue>
void MaskWalk::split(Group group, const Continue& go_on) {
  Configurations& ways = group.ways;
  if (ways.size() < 2 || ways.size() > most_split || group.splits >= most_splits) return;
  for (std::size_t i = 0; i < ways.size();) {
    if (!is_free(ways[i])) {
      ++i;
      continue;
    }
    Configurations alone(1, std::move(ways[i]));
    ways.erase(ways.begin() + static_cast<std::ptrdiff_t>(i));
    go_on(Group{alone, group.splits + 1});
  }
}

void MaskWalk::read(const Configuration& at, std::string_view bytes, Configurations& behind) {
  Configurations ways(1, at);
  read(Group{ways, 0}, bytes, behind);
}

void MaskWalk::read(Group group, std::string_view bytes, Configurations& behind) {
  Configurations next;
  for (std::size_t i = 0; i < bytes.size() && !group.ways.empty(); ++i) {
    split(group, [&](Group alone) { read(alone, bytes.substr(i), behind); });
    step_all(group.ways, static_cast<std::uint8_t>(bytes[i]), next);
    std::swap(group.ways, next);
  }
  std::ranges::move(group.ways, std::back_inserter(behind));
}

bool MaskWalk::reads(const Configuration& at, std::string_view bytes, unsigned splits) {
  Configurations ways(1, at);
  Configurations behind;
  read(Group{ways, splits}, bytes, behind);
  return !behind.empty();
}

void MaskWalk::allow(const Configuration& at, TokenMask& mask) {
  if (machine_->takes_blanks(at, TokenTrie::Structure::few_blanks)) {
    allow_structure(at, mask);
    return;
  }
  Configurations ways(1, at);
  if (at.place != Place::number) {
    below({&trie_->tree()}, Group{ways, 0}, 0, mask);
    return;
  }
  below({&trie_->tree()}, JsonMachine::in_number, Group{ways, 0}, 0, mask);
  for (const Configuration& behind : machine_->behind_number(at)) allow(behind, mask);
}

// Where blanks may come, so many that those in front of other bytes make no difference.
void MaskWalk::allow_structure(const Configuration& at, TokenMask& mask) {
  const TokenTrie::Structure& structure = trie_->structure();
  for (const TokenTrie::Structure::Blanks& each : structure.blanks) {
    if (!machine_->takes_blanks(at, each.count)) break;
    mask.allow(each.token);
  }
  Configurations ways(1, at);
  below({&structure.tree}, Group{ways, 0}, 0, mask);
  for (const TokenId token : structure.indented) {
    if (reads(at, trie_->text(token), 0)) mask.allow(token);
  }
}

// Allows the tokens below a node to which the group's ways have led.
void MaskWalk::below(TreePlace place, Group group, std::size_t level, TokenMask& mask) {
  const TextTree& tree = place.tree->tree();
  split(group, [&](Group alone) { below(place, alone, level, mask); });
  Configurations& ways = group.ways;
  // Tails are read: what is behind the ends of texts in them would be all the tails again.
  const bool worth_a_mask = place.tree != &trie_->tails().tree() &&
                            tree.tokens_below(place.node).size() >= tokens_worth_a_mask;
  if (worth_a_mask && ways.size() == 1 && is_free(ways.front())) {
    if (ways.front().in_raw_text()) {
      in_raw_text(ways.front(), place, group.splits, level, mask);
    } else {
      in_text(ways.front(), place, group.splits, level, mask);
    }
    return;
  }
  ByteSet bytes;
  for (const Configuration& each : ways) bytes |= machine_->following(each);
  below(place, bytes, group, level, mask);
}

// Of those, the ones that go on with one of the bytes.
void MaskWalk::below(TreePlace place, const ByteSet& bytes, Group group, std::size_t level,
                     TokenMask& mask) {
  const TextTree& tree = place.tree->tree();
  while (levels_.size() <= level) levels_.emplace_back();
  tree.children(place.node, bytes, [&](TextTree::NodeIndex child) {
    step_all(group.ways, tree.nodes()[child].byte, levels_[level]);
    if (levels_[level].empty()) return;
    mask.allow_all(tree.tokens(child));
    if (tree.first_below(child) == tree.end_below(child)) return;
    below({place.tree, child}, Group{levels_[level], group.splits}, level + 1, mask);
  });
}

// Outside of documents: what is text alone is known by the state; documents that begin within
// tokens are walked.
void MaskWalk::in_raw_text(const Configuration& at, TreePlace place, unsigned splits,
                           std::size_t level, TokenMask& mask) {
  const auto known = machine_.text_mask(trie_, at.state, place);
  mask.allow_all(known->text);
  mask.allow_all(known->text_tokens);
  for (const TextMask::Begin& begin : known->begins) {
    Configurations documents = machine_->documents_at(begin.state);
    below(begin.place, Group{documents, splits}, level, mask);
  }
}

// Inside a free text: what stays inside is known by the state; what goes on behind its end is one
// of the tails.
void MaskWalk::in_text(const Configuration& at, TreePlace place, unsigned splits, std::size_t level,
                       TokenMask& mask) {
  const auto mask_of_state = machine_.string_mask(trie_, at.state, place);
  const StringMask& known = *mask_of_state;
  mask.allow_all(known.inside);
  mask.allow_all(known.inside_tokens);
  if (known.ends.empty() && known.escaped_ends.empty()) return;
  const TokenTails& tails = trie_->tails();
  const bool alike = JsonMachine::ends_alike(at);
  std::vector<TextTree::NodeIndex> barred;
  if (!alike) barred = barred_quotes(at, *known.tree, place.node);
  const auto read_each = [&](std::span<const TokenId> tokens) {
    for (const TokenId token : tokens) {
      if (reads(at, place.tree->text_below(place.node, token), splits)) mask.allow(token);
    }
  };
  const auto allow_ends = [&](std::span<const TailId> allowed) {
    known.ends.each(allowed, [&](TailId tail, std::span<const TokenId> tokens,
                                 std::span<const TextTree::NodeIndex> quotes) {
      if (!alike && tails.later_quotes(tail) >= quotes_of_another(at)) {
        read_each(tokens);
      } else if (barred.empty()) {
        mask.allow_all(tokens);
      } else {
        for (std::size_t i = 0; i < tokens.size(); ++i) {
          if (std::ranges::find(barred, quotes[i]) == barred.end()) mask.allow(tokens[i]);
        }
      }
    });
    known.escaped_ends.each(allowed, [&](TailId, std::span<const TokenId> tokens, const auto&) {
      if (alike) {
        mask.allow_all(tokens);
      } else {
        read_each(tokens);
      }
    });
  };
  if (!at.frame) {
    allow_ends(tails_behind(at, splits, level));
    return;
  }
  // The tokens of one text, and of the next, ask for the same tails.
  const bool key = at.place == Place::key;
  const KnownTails* remembered = at.frame->known_tails.get();
  if (remembered == nullptr || remembered->trie != trie_ || remembered->key != key ||
      remembered->region != at.region || remembered->splits != splits) {
    at.frame->known_tails = std::make_unique<const KnownTails>(
        KnownTails{trie_, tails_behind(at, splits, level), key, at.region, splits});
  }
  const FramePtr frame = at.frame;
  allow_ends(frame->known_tails->allowed);
}

// The tails that may come behind the text, whatever it is, or where it is none that bars any.
std::vector<TailId> MaskWalk::tails_behind(const Configuration& at, unsigned splits,
                                           std::size_t level) {
  Configurations behind = machine_->behind_text(at);
  if (behind.empty()) return {};
  keep_different(behind);
  const TokenTails& tails = trie_->tails();
  TokenMask allowed(tails.texts().size());
  below({&tails.tree()}, Group{behind, splits}, level, allowed);
  std::vector<TailId> list{no_bytes};
  allowed.each([&](TokenId tail) { list.push_back(static_cast<TailId>(tail)); });
  return list;
}

// The nodes that end the text as it must not end.
std::vector<TextTree::NodeIndex> MaskWalk::barred_quotes(const Configuration& at,
                                                         const TextTree& tree,
                                                         TextTree::NodeIndex from) const {
  std::vector<TextTree::NodeIndex> barred;
  machine_->barred_ends(at, [&](std::u32string_view end) {
    TextTree::NodeIndex node = from;
    const auto step = [&](char byte) {
      node = tree.child(node, static_cast<std::uint8_t>(byte));
      return node != TextTree::root;
    };
    for (const char32_t character : end) {
      if (character < 0x80) {
        if (!step(static_cast<char>(character))) return;
      } else {
        for (const char byte : to_utf8({&character, 1})) {
          if (!step(byte)) return;
        }
      }
    }
    if (step('"')) barred.push_back(node);
  });
  return barred;
}

}  // namespace espalier::guide
