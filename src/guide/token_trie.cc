#include "guide/token_trie.h"

#include <algorithm>
#include <numeric>

#include "espalier/error.h"
#include "guide/utf32.h"

namespace espalier::guide {
namespace {

constexpr std::size_t longest_text = 4096;  // no vocabulary comes near it; depth has 16 bits

// Characters of a slice's longest tokens. Nearly all tokens are within the first; the second serves
// strings that are near their largest length.
constexpr std::size_t slice_lengths[] = {16, 6};

}  // namespace

TokenTrie::TokenTrie(const std::vector<std::string>& texts) : texts_(texts) {
  std::vector<TokenId> order;
  for (std::size_t id = 0; id < texts.size(); ++id) {
    if (texts[id].size() > longest_text) {
      throw InvalidArgument("a token's text is longer than 4,096 bytes");
    }
    if (!texts[id].empty()) order.push_back(static_cast<TokenId>(id));
  }
  const auto text = [&](TokenId id) -> const std::string& {
    return texts[static_cast<std::size_t>(id)];
  };
  std::ranges::sort(
      order, [&](TokenId a, TokenId b) { return text(a) == text(b) ? a < b : text(a) < text(b); });
  std::vector<std::uint32_t> path;  // the nodes of the text before
  const auto leave = [&](std::size_t depth) {
    for (; path.size() > depth; path.pop_back()) {
      nodes_[path.back()].next = static_cast<std::uint32_t>(nodes_.size());
    }
  };
  std::string_view before;
  for (const TokenId id : order) {
    const std::string& bytes = text(id);
    const auto split = std::ranges::mismatch(bytes, before);
    leave(static_cast<std::size_t>(split.in1 - bytes.begin()));
    for (std::size_t depth = path.size(); depth < bytes.size(); ++depth) {
      const std::uint32_t parent = path.empty() ? no_node : path.back();
      path.push_back(static_cast<std::uint32_t>(nodes_.size()));
      nodes_.push_back({static_cast<std::uint8_t>(bytes[depth]), static_cast<std::uint16_t>(depth),
                        0, parent, static_cast<std::uint32_t>(tokens_.size())});
    }
    tokens_.push_back(id);
    longest_ = std::max(longest_, static_cast<std::uint32_t>(bytes.size()));
    before = bytes;
  }
  leave(0);
  nodes_.push_back({0, 0, 0, no_node, static_cast<std::uint32_t>(tokens_.size())});
}

void TokenTrie::make_slices() {
  const CodePoints plain({{0x20, 0x21}, {0x23, 0x5B}, {0x5D, last_code_point}});
  const CodePoints alphanumeric({{U'0', U'9'}, {U'A', U'Z'}, {U'a', U'z'}});
  const CodePoints classes[] = {plain, plain.common(CodePoints({{0, 0x7E}})),
                                alphanumeric.united(CodePoints::one(U' ')), alphanumeric};
  for (const CodePoints& characters : classes) {
    for (const std::size_t length : slice_lengths) make_slice(characters, length);
  }
}

void TokenTrie::make_slice(const CodePoints& characters, std::size_t length) {
  Slice slice;
  slice.characters = characters;
  slice.mask.resize((texts_.size() + 63) / 64);
  std::vector<std::string> others = texts_;
  for (std::size_t id = 0; id < texts_.size(); ++id) {
    const auto text = to_utf32(texts_[id]);
    if (!text || text->empty() || text->size() > length) continue;
    const auto belongs = [&](char32_t c) { return characters.contains(c); };
    if (!std::ranges::all_of(*text, belongs)) continue;
    slice.mask[id / 64] |= std::uint64_t{1} << (id % 64);
    slice.longest = std::max(slice.longest, static_cast<std::uint32_t>(text->size()));
    others[id].clear();
  }
  slice.others = std::make_shared<const TokenTrie>(others);
  slices_.push_back(std::move(slice));
}

std::string TokenTrie::bytes_up_to(std::uint32_t node) const {
  std::string bytes;
  for (; node != no_node; node = nodes_[node].parent) {
    bytes += static_cast<char>(nodes_[node].byte);
  }
  std::ranges::reverse(bytes);
  return bytes;
}

std::vector<TokenId> TokenTrie::beginnings(std::string_view text) const {
  std::vector<TokenId> found;
  std::size_t node = 0;
  std::size_t end = nodes_.size() - 1;
  for (const char byte : text) {
    while (node < end && nodes_[node].byte != static_cast<std::uint8_t>(byte)) {
      node = nodes_[node].next;
    }
    if (node >= end) break;
    const auto here = tokens(node);
    found.insert(found.end(), here.begin(), here.end());
    end = nodes_[node].next;
    ++node;
  }
  return found;
}

std::shared_ptr<const TokenTrie> TokenTrie::of_texts(std::vector<std::string> texts,
                                                     std::vector<TokenId> end_tokens) {
  for (const TokenId id : end_tokens) texts.at(static_cast<std::size_t>(id)).clear();
  auto trie = std::make_shared<TokenTrie>(texts);
  trie->make_slices();
  trie->end_tokens_ = std::move(end_tokens);
  return trie;
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
