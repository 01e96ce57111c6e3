#include "text/piece_merges.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_set>

#include "base/message_format.h"
#include "espalier/error.h"
#include "text/token_texts.h"
#include "text/utf8.h"

namespace espalier::text {
namespace {

using base::TokenId;

// Tokens that text may become by merging, by their texts.
class Pieces {
 public:
  explicit Pieces(const VocabularyData& data) : ids_(data.tokens.size()) {
    texts_.reserve(data.tokens.size());
    for (std::size_t id = 0; id < data.tokens.size(); ++id) {
      texts_.append(data.tokens[id]);
      const TokenKind kind = data.kinds.empty() ? TokenKind::normal : data.kinds[id];
      const bool is_piece = kind == TokenKind::normal || kind == TokenKind::user_defined;
      if (is_piece && !data.tokens[id].empty()) ids_.insert(texts_, static_cast<TokenId>(id));
    }
  }

  std::optional<TokenId> find(std::string_view text) const { return ids_.find(texts_, text); }
  bool contains(TokenId id) const { return find(texts_[id]) == id; }

  // on_cut(left, right) for every way to make the piece of two others.
  template <class OnCut>
  void each_cut(TokenId id, OnCut&& on_cut) const {
    const std::string_view text = texts_[id];
    for (std::size_t at = first_character(text).size; at < text.size();
         at += first_character(text.substr(at)).size) {
      const auto left = find(text.substr(0, at)), right = find(text.substr(at));
      if (left && right) on_cut(*left, *right);
    }
  }

 private:
  TokenTexts texts_;
  TokenIndex ids_;
};

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(first_character(text).size);
  return count;
}

}  // namespace

std::vector<MergePair> merges_of_scores(const VocabularyData& data) {
  struct Cut {
    float score;
    std::size_t left_size, right_size;
    MergePair pair;
  };
  const Pieces pieces(data);
  std::vector<Cut> cuts;
  for (std::size_t i = 0; i < data.tokens.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (!pieces.contains(id)) continue;
    pieces.each_cut(id, [&](TokenId left, TokenId right) {
      cuts.push_back({data.scores[i],
                      characters(data.tokens[static_cast<std::size_t>(left)]),
                      characters(data.tokens[static_cast<std::size_t>(right)]),
                      {left, right}});
    });
  }
  std::ranges::stable_sort(cuts, [](const Cut& a, const Cut& b) {
    return std::tie(b.score, b.left_size, b.right_size) <
           std::tie(a.score, a.left_size, a.right_size);
  });
  std::vector<MergePair> pairs;
  pairs.reserve(cuts.size());
  for (const Cut& cut : cuts) pairs.push_back(cut.pair);
  return pairs;
}

std::vector<float> scores_of_merges(const VocabularyData& data) {
  const Pieces pieces(data);
  const auto spell = [&](TokenId id) { return data.tokens[static_cast<std::size_t>(id)]; };
  const auto refuse = [&](std::string_view left, std::string_view right, std::string_view why) {
    throw InvalidFile(fmt::format(
        "{}: the merge of {} and {} {}: it does not merge as SentencePiece does, and GGUF files "
        "hold no other BPE of characters",
        data.origin, base::quoted(left), base::quoted(right), why));
  };
  const auto number_of = [](TokenId left, TokenId right) {
    return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint64_t>(right);
  };
  std::vector<float> scores(data.tokens.size(), 0);
  std::unordered_set<std::uint64_t> cuts;
  float next = -1;
  TokenId last = -1;
  for (const MergePair& pair : data.merge_pairs) {
    const auto made = pieces.find(spell(pair.left) + spell(pair.right));
    if (!made) continue;  // no text becomes it
    const auto index = static_cast<std::size_t>(*made);
    if (*made != last) {
      if (scores[index] != 0) refuse(spell(pair.left), spell(pair.right), "comes late");
      scores[index] = next--;
      last = *made;
    }
    cuts.insert(number_of(pair.left, pair.right));
  }
  for (std::size_t i = 0; i < data.tokens.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (!pieces.contains(id)) continue;
    if (scores[i] == 0) scores[i] = next--;
    pieces.each_cut(id, [&](TokenId left, TokenId right) {
      if (!cuts.contains(number_of(left, right))) refuse(spell(left), spell(right), "is missing");
    });
  }
  return scores;
}

}  // namespace espalier::text
