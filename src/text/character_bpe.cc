#include "text/character_bpe.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "text/utf8.h"

namespace espalier::text {

CharacterBpe::CharacterBpe(TokenTexts texts, TokenIndex pieces, const Fallback& fallback)
    : texts_(std::move(texts)), pieces_(std::move(pieces)), fallback_(fallback) {
  for (std::size_t c = 0; c < ascii_.size(); ++c) {
    const char character = static_cast<char>(c);
    ascii_[c] = whole({&character, 1});
  }
}

void CharacterBpe::merge_by_scores(const std::vector<float>& scores) {
  std::vector<base::TokenId> order(texts_.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, std::ranges::greater(), [&](base::TokenId id) { return scores[id]; });
  ranks_.assign(texts_.size(), MergeWorkspace::no_rank);
  std::uint32_t rank = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    // Equal scores are one rank, so that the leftmost pair goes first.
    if (i > 0 && scores[order[i]] != scores[order[i - 1]]) ++rank;
    if (whole(texts_[order[i]]) == order[i]) ranks_[order[i]] = rank;
  }
}

void CharacterBpe::look_up_score(std::string_view word, MergeWorkspace& workspace,
                                 std::uint32_t at) const {
  MergeWorkspace::Symbol& left = workspace.symbols[at];
  const MergeWorkspace::Symbol& right = workspace.symbols[left.right];
  // Bytes and unknown characters are no pieces, and merge with nothing.
  if (ranks_[left.token] == MergeWorkspace::no_rank ||
      ranks_[right.token] == MergeWorkspace::no_rank) {
    return;
  }
  const std::size_t end = workspace.end_of(left.right, word.size());
  const base::TokenId merged = whole(word.substr(left.begin, end - left.begin));
  if (merged == no_token) return;
  left.rank = ranks_[merged];
  left.merged = merged;
}

// The bytes of a character that is no piece. One that has no byte tokens either waits as unknown
// until a piece comes: tokenizers puts it there, behind bytes that may follow it.
void CharacterBpe::push_unlisted(std::string_view character, std::size_t at,
                                 MergeWorkspace& workspace, bool& unknown_waits,
                                 std::size_t& unknown_at) const {
  const auto token = [&](char byte) {
    return fallback_.byte_tokens[static_cast<std::uint8_t>(byte)];
  };
  if (std::ranges::all_of(character, [&](char byte) { return token(byte) != no_token; })) {
    for (std::size_t i = 0; i < character.size(); ++i) workspace.push(token(character[i]), at + i);
    return;
  }
  if (fallback_.unknown.token == no_token) return;
  if (unknown_waits && !fallback_.unknown.fuse) {
    workspace.push(fallback_.unknown.token, unknown_at);
    unknown_waits = false;
  }
  if (!unknown_waits) unknown_at = at;
  unknown_waits = true;
}

void CharacterBpe::encode(std::string_view word, MergeWorkspace& workspace,
                          std::vector<base::TokenId>& out) const {
  workspace.clear();
  bool unknown_waits = false;
  std::size_t unknown_at = 0;
  for (std::size_t at = 0; at < word.size();) {
    const auto byte = static_cast<std::uint8_t>(word[at]);
    const std::size_t size = byte < 0x80 ? 1 : first_character(word.substr(at)).size;
    const base::TokenId token = byte < 0x80 ? ascii_[byte] : whole(word.substr(at, size));
    if (token == no_token) {
      push_unlisted(word.substr(at, size), at, workspace, unknown_waits, unknown_at);
    } else {
      if (unknown_waits) workspace.push(fallback_.unknown.token, unknown_at);
      unknown_waits = false;
      workspace.push(token, at);
    }
    at += size;
  }
  if (unknown_waits) workspace.push(fallback_.unknown.token, unknown_at);
  if (ranks_.empty()) {
    merge_symbols(workspace, [&](std::uint32_t at) { merges_.look_up(workspace, at); }, out);
  } else {
    merge_symbols(workspace, [&](std::uint32_t at) { look_up_score(word, workspace, at); }, out);
  }
}

bool CharacterBpe::find_words() {
  // An unknown mark would be fused with its neighbours.
  if (whole(space_mark) == no_token) return false;
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    const auto id = static_cast<base::TokenId>(i);
    const std::string_view text = texts_[id];
    for (std::size_t at = text.find(space_mark, 1); at != std::string_view::npos;
         at = text.find(space_mark, at + 1)) {
      const bool in_run = text.substr(0, at).ends_with(space_mark);
      if (!in_run && whole(text) == id) spanned_.set(static_cast<std::uint8_t>(text[at - 1]));
    }
  }
  return true;
}

}  // namespace espalier::text
