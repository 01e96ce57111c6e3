#include "guide/token_tails.h"

#include <algorithm>

namespace espalier::guide {
namespace {

// Visits the place of each quote in the text.
template <class Visit>
void each_quote(std::string_view text, const Visit& visit) {
  for (std::size_t at = text.find('"'); at != std::string_view::npos; at = text.find('"', at + 1)) {
    visit(at);
  }
}

}  // namespace

TailedTree::TailedTree(const std::vector<TokenText>& texts, std::span<const std::string_view> tails)
    : tree_(texts) {
  for (const TokenText& each : texts) {
    if (each.text.find('"') != std::string_view::npos) quoting_.emplace(each.token, each.text);
  }
  for (const TokenId token : tree_.tokens()) {
    begins_.push_back(static_cast<std::uint32_t>(quotes_.size()));
    const auto found = quoting_.find(token);
    if (found == quoting_.end()) continue;
    each_quote(found->second, [&](std::size_t at) {
      const auto tail = std::ranges::lower_bound(tails, found->second.substr(at + 1));
      quotes_.push_back(
          {static_cast<std::uint32_t>(at), static_cast<TailId>(tail - tails.begin())});
    });
  }
  begins_.push_back(static_cast<std::uint32_t>(quotes_.size()));
}

TokenTails::TokenTails(std::span<const TokenText> texts) {
  texts_.emplace_back();
  for (const TokenText& each : texts) {
    each_quote(each.text, [&](std::size_t at) { texts_.push_back(each.text.substr(at + 1)); });
  }
  std::ranges::sort(texts_);
  const auto repeated = std::ranges::unique(texts_);
  texts_.erase(repeated.begin(), repeated.end());
  std::vector<TokenText> tails;
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    tails.push_back({static_cast<TokenId>(i), texts_[i]});
    const std::size_t comma = std::min(texts_[i].find(','), texts_[i].size());
    later_quotes_.push_back(
        static_cast<std::uint32_t>(std::ranges::count(texts_[i].substr(comma), '"')));
  }
  tree_ = TailedTree(tails, texts_);
}

}  // namespace espalier::guide
