#include "text/bpe.h"

#include <algorithm>
#include <functional>

namespace espalier::text {
namespace {

std::uint64_t pair_key(base::TokenId left, base::TokenId right) noexcept {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
         static_cast<std::uint32_t>(right);
}

}  // namespace

void Bpe::add_merge(base::TokenId left, base::TokenId right, std::uint32_t rank,
                    base::TokenId merged) {
  merges_[pair_key(left, right)] = {rank, merged};
}

// Reads the merge of the symbol at `at` with its right neighbour.
void Bpe::look_up_merge(Workspace& workspace, std::uint32_t at) const {
  Workspace::Symbol& symbol = workspace.symbols[at];
  symbol.rank = Workspace::no_rank;
  if (symbol.right == Workspace::nowhere) return;
  const Merge* merge = merges_.find(pair_key(symbol.token, workspace.symbols[symbol.right].token));
  if (merge == nullptr) return;
  symbol.rank = merge->rank;
  symbol.merged = merge->token;
  workspace.queue.push_back(static_cast<std::uint64_t>(merge->rank) << 32 | at);
}

void Bpe::encode(std::string_view word, Workspace& workspace,
                 std::vector<base::TokenId>& out) const {
  auto& symbols = workspace.symbols;
  auto& queue = workspace.queue;
  constexpr auto lowest_first = std::greater<>{};

  symbols.clear();
  queue.clear();
  for (const char byte : word) {
    const base::TokenId token = byte_tokens_[static_cast<std::uint8_t>(byte)];
    if (token == no_token) continue;
    const auto at = static_cast<std::uint32_t>(symbols.size());
    symbols.push_back({token, at - 1, at + 1, Workspace::no_rank, no_token});
  }
  if (symbols.empty()) return;
  symbols.front().left = Workspace::nowhere;
  symbols.back().right = Workspace::nowhere;

  for (std::uint32_t at = 0; at < symbols.size(); ++at) look_up_merge(workspace, at);
  std::make_heap(queue.begin(), queue.end(), lowest_first);

  // An entry goes stale when one of its symbols is merged with another. A pair that took its place
  // is another pair, so its rank is another too: comparing ranks finds every stale entry.
  while (!queue.empty()) {
    std::pop_heap(queue.begin(), queue.end(), lowest_first);
    const auto rank = static_cast<std::uint32_t>(queue.back() >> 32);
    const auto at = static_cast<std::uint32_t>(queue.back());
    queue.pop_back();
    Workspace::Symbol& symbol = symbols[at];
    if (symbol.rank != rank) continue;

    Workspace::Symbol& gone = symbols[symbol.right];
    symbol.token = symbol.merged;
    symbol.right = gone.right;
    gone.rank = Workspace::no_rank;
    if (symbol.right != Workspace::nowhere) symbols[symbol.right].left = at;

    for (const std::uint32_t changed : {symbol.left, at}) {
      if (changed == Workspace::nowhere) continue;
      const std::size_t before = queue.size();
      look_up_merge(workspace, changed);
      if (queue.size() != before) std::push_heap(queue.begin(), queue.end(), lowest_first);
    }
  }
  for (std::uint32_t at = 0; at != Workspace::nowhere; at = symbols[at].right) {
    out.push_back(symbols[at].token);
  }
}

std::bitset<256> Bpe::missing_bytes() const noexcept {
  std::bitset<256> missing;
  for (std::size_t byte = 0; byte < 256; ++byte) missing[byte] = byte_tokens_[byte] == no_token;
  return missing;
}

}  // namespace espalier::text
