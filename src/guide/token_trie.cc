#include "guide/token_trie.h"

#include <algorithm>
#include <tuple>

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

TokenTrie::TokenTrie(std::vector<std::string> texts, std::vector<TokenId> end_tokens, Encode encode)
    : texts_(std::move(texts)), end_tokens_(std::move(end_tokens)), encode_(std::move(encode)) {
  for (const TokenId id : end_tokens_) texts_.at(static_cast<std::size_t>(id)).clear();
  const std::vector<TokenText> sorted = sorted_texts();
  tails_ = TokenTails(sorted);
  tree_ = TailedTree(sorted, tails_.texts());
  structure_ = find_structure(sorted);
  make_slices(sorted);
}

// Sorted once for all trees.
std::vector<TokenText> TokenTrie::sorted_texts() const {
  std::vector<TokenText> all;
  for (std::size_t id = 0; id < texts_.size(); ++id) {
    all.push_back({static_cast<TokenId>(id), texts_[id]});
  }
  std::ranges::sort(all, [](const TokenText& a, const TokenText& b) {
    return std::tie(a.text, a.token) < std::tie(b.text, b.token);
  });
  return all;
}

TokenTrie::Structure TokenTrie::find_structure(std::span<const TokenText> texts) {
  Structure structure;
  std::vector<TokenText> rest;
  for (TokenText each : texts) {
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

void TokenTrie::make_slices(std::span<const TokenText> texts) {
  const std::vector<CodePoints> classes = slice_classes();
  // Of each token, how many characters it has, and (bits) which classes hold them all.
  struct Characters {
    std::size_t count = 0;
    unsigned classes = 0;
  };
  std::vector<Characters> characters(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto text = to_utf32(texts[i].text);
    if (!text || text->empty()) continue;
    characters[i].count = text->size();
    for (std::size_t at = 0; at < classes.size(); ++at) {
      const auto belongs = [&](char32_t c) { return classes[at].contains(c); };
      if (std::ranges::all_of(*text, belongs)) characters[i].classes |= 1U << at;
    }
  }
  for (std::size_t at = 0; at < classes.size(); ++at) {
    for (const std::size_t length : slice_lengths) {
      Slice slice{classes[at], 0, std::vector<std::uint64_t>((texts_.size() + 63) / 64), {}};
      std::vector<TokenText> others;
      for (std::size_t i = 0; i < texts.size(); ++i) {
        if ((characters[i].classes >> at & 1U) == 0 || characters[i].count > length) {
          others.push_back(texts[i]);
          continue;
        }
        const auto id = static_cast<std::size_t>(texts[i].token);
        slice.mask[id / 64] |= std::uint64_t{1} << (id % 64);
        slice.longest = std::max(slice.longest, static_cast<std::uint32_t>(characters[i].count));
      }
      slice.others = TailedTree(others, tails_.texts());
      slices_.push_back(std::move(slice));
    }
  }
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

std::vector<TokenId> TokenTrie::own_tokens(std::string_view text) const {
  if (!encode_) return {};
  std::vector<TokenId> tokens = encode_(text);
  std::string_view rest = text;
  for (const TokenId token : tokens) {
    const std::string& bytes = texts_[static_cast<std::size_t>(token)];
    if (bytes.empty() || !rest.starts_with(bytes)) return {};
    rest.remove_prefix(bytes.size());
  }
  if (!rest.empty()) return {};
  return tokens;
}

std::shared_ptr<const TokenTrie> TokenTrie::of_texts(std::vector<std::string> texts,
                                                     std::vector<TokenId> end_tokens,
                                                     Encode encode) {
  return std::shared_ptr<const TokenTrie>(
      new TokenTrie(std::move(texts), std::move(end_tokens), std::move(encode)));
}

std::shared_ptr<const TokenTrie> TokenTrie::of(const text::Tokenizer& tokenizer,
                                               std::vector<TokenId> end_tokens) {
  std::vector<std::string> texts(tokenizer.vocabulary_size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (!tokenizer.is_special(id)) texts[i] = tokenizer.token_bytes(id);
  }
  const auto encode = [&tokenizer](std::string_view text) {
    return tokenizer.encode(text, {.recognise_special = false, .place = text::TextPlace::inside});
  };
  return of_texts(std::move(texts), std::move(end_tokens), encode);
}

}  // namespace espalier::guide
