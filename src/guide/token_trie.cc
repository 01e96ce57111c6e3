#include "guide/token_trie.h"

#include <algorithm>

#include "guide/utf32.h"

namespace espalier::guide {
namespace {

// Characters of a slice's longest tokens. Nearly all tokens are within the first; the second serves
// strings that are near their largest length.
constexpr std::size_t slice_lengths[] = {16, 6};

constexpr std::string_view blanks = " \n\t\r";

// What may stand where blanks may: the bytes that begin values, and punctuation.
constexpr std::string_view structural = "\"-0123456789[]fnt{}:,";

// In the order in which a token of the one belongs to the others.
std::vector<CodePoints> slice_classes() {
  const CodePoints plain({{0x20, 0x21}, {0x23, 0x5B}, {0x5D, last_code_point}});
  const CodePoints alphanumeric({{U'0', U'9'}, {U'A', U'Z'}, {U'a', U'z'}});
  return {plain, plain.common(CodePoints({{0, 0x7E}})), alphanumeric.united(CodePoints::one(U' ')),
          alphanumeric};
}

}  // namespace

TokenTrie::TokenTrie(std::vector<std::string> texts, std::vector<TokenId> end_tokens)
    : texts_(std::move(texts)), end_tokens_(std::move(end_tokens)) {
  for (const TokenId id : end_tokens_) texts_.at(static_cast<std::size_t>(id)).clear();
  tails_ = TokenTails(all());
  tree_ = TailedTree(all(), tails_.texts());
  structure_ = find_structure();
  for (const CodePoints& characters : slice_classes()) {
    for (const std::size_t length : slice_lengths) slices_.push_back(slice(characters, length));
  }
}

std::vector<TokenText> TokenTrie::all() const {
  std::vector<TokenText> all;
  for (std::size_t id = 0; id < texts_.size(); ++id) {
    all.push_back({static_cast<TokenId>(id), texts_[id]});
  }
  return all;
}

TokenTrie::Structure TokenTrie::find_structure() const {
  Structure structure;
  std::vector<TokenText> rest;
  for (TokenText each : all()) {
    const std::size_t begin = std::min(each.text.find_first_not_of(blanks), each.text.size());
    each.text.remove_prefix(begin);
    if (!each.text.empty() && structural.find(each.text.front()) == std::string_view::npos)
      continue;
    if (each.text.empty()) {
      if (begin > 0) structure.blanks.push_back({static_cast<std::uint32_t>(begin), each.token});
    } else if (begin <= Structure::few_blanks) {
      rest.push_back(each);
    } else {
      structure.indented.push_back(each.token);
    }
  }
  std::ranges::sort(structure.blanks, {}, &Structure::Blanks::count);
  structure.tree = TailedTree(rest, tails_.texts());
  return structure;
}

TokenTrie::Slice TokenTrie::slice(const CodePoints& characters, std::size_t length) const {
  Slice slice;
  slice.characters = characters;
  slice.mask.resize((texts_.size() + 63) / 64);
  std::vector<TokenText> others;
  for (const TokenText& each : all()) {
    const auto text = to_utf32(each.text);
    const auto belongs = [&](char32_t c) { return characters.contains(c); };
    if (!text || text->empty() || text->size() > length || !std::ranges::all_of(*text, belongs)) {
      others.push_back(each);
      continue;
    }
    const auto id = static_cast<std::size_t>(each.token);
    slice.mask[id / 64] |= std::uint64_t{1} << (id % 64);
    slice.longest = std::max(slice.longest, static_cast<std::uint32_t>(text->size()));
  }
  slice.others = TailedTree(others, tails_.texts());
  return slice;
}

std::vector<TokenId> TokenTrie::beginnings(std::string_view text) const {
  const TextTree& tree = tree_.tree();
  std::vector<TokenId> found;
  TextTree::NodeIndex node = TextTree::root;
  for (const char byte : text) {
    node = tree.child(node, static_cast<std::uint8_t>(byte));
    if (node == TextTree::root) break;
    const auto here = tree.tokens(node);
    found.insert(found.end(), here.begin(), here.end());
  }
  return found;
}

std::shared_ptr<const TokenTrie> TokenTrie::of_texts(std::vector<std::string> texts,
                                                     std::vector<TokenId> end_tokens) {
  return std::shared_ptr<const TokenTrie>(new TokenTrie(std::move(texts), std::move(end_tokens)));
}

std::shared_ptr<const TokenTrie> TokenTrie::of(const text::Tokenizer& tokenizer,
                                               std::vector<TokenId> end_tokens) {
  std::vector<std::string> texts(tokenizer.vocabulary_size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (!tokenizer.is_special(id)) texts[i] = tokenizer.token_bytes(id);
  }
  return of_texts(std::move(texts), std::move(end_tokens));
}

}  // namespace espalier::guide
